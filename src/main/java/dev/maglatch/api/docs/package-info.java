// SPDX-License-Identifier: Apache-2.0
/**
 * What people read about the gateway's own routes: the OpenAPI file, and Swagger UI that shows it.
 *
 * <p>Layer 3. Files are read from the class path by a worker, once, and then served from memory.
 */
@NullMarked
package dev.maglatch.api.docs;

import org.jspecify.annotations.NullMarked;
