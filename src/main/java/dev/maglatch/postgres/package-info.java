// SPDX-License-Identifier: Apache-2.0
/**
 * The only package that knows SQL: implements the ports of the other packages on PostgreSQL.
 *
 * <p>Layer 3. Nothing here blocks, except {@link dev.maglatch.postgres.Migrations} and {@link
 * dev.maglatch.postgres.EmbeddedDatabase}, which run on a thread of the caller's.
 */
@NullMarked
package dev.maglatch.postgres;

import org.jspecify.annotations.NullMarked;
