// SPDX-License-Identifier: Apache-2.0
/**
 * The command line: reads what is asked for, starts and stops the gateway, explains failures.
 *
 * <p>Layer 5. The only package that blocks its thread, prints to the terminal and ends the process.
 */
@NullMarked
package dev.maglatch.cli;

import org.jspecify.annotations.NullMarked;
