// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.fault;

import org.jspecify.annotations.Nullable;

/** A start that cannot succeed. Its text is one line: what is wrong, and how to mend it. */
public final class StartFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  public StartFailure(String text) {
    this(text, null);
  }

  public StartFailure(String text, @Nullable Throwable cause) {
    super(text, cause);
  }
}
