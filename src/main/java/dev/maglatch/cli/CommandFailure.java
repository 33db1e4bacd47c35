// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

/** A command that was understood and cannot be done. Its text is one line for the terminal. */
final class CommandFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  CommandFailure(String text) {
    super(text);
  }
}
