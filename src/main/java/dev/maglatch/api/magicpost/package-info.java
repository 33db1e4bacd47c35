// SPDX-License-Identifier: Apache-2.0
/**
 * The MagicPost dialect: keys by cookie session, and a route that tells a service whose key it was
 * handed. Times are whole seconds, errors carry an {@code error_type}.
 *
 * <p>Layer 3. Decodes, calls {@code manage}, renders; knows no rule of its own about keys.
 */
@NullMarked
package dev.maglatch.api.magicpost;

import org.jspecify.annotations.NullMarked;
