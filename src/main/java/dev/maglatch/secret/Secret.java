// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.secret;

import static java.util.Objects.requireNonNull;

/** Text that must not reach logs. Unwrap with {@link #reveal()} at the last possible moment. */
public record Secret(String reveal) {
  public Secret {
    requireNonNull(reveal, "reveal");
  }

  @Override
  public String toString() {
    return "Secret(****)";
  }
}
