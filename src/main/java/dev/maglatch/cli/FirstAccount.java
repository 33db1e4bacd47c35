// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.secret.Secret;

/** The account and the key that {@code dev} makes in an empty database. */
final class FirstAccount {
  private FirstAccount() {}

  /** What is shown once, and kept nowhere. */
  record Shown(String email, Secret password, Secret key) {}
}
