// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import static java.util.Objects.requireNonNull;

import dev.maglatch.secret.Secret;
import org.jspecify.annotations.Nullable;

/**
 * What came of the command to make a key.
 *
 * @param issued present only when {@link Outcome#CREATED}
 */
public record Creation(Outcome outcome, @Nullable IssuedKey issued) {
  /** How it ended. */
  public enum Outcome {
    CREATED,
    /** The owner has as many active keys of this kind as are allowed. */
    LIMIT_REACHED,
    /** The account is gone, disabled, or of another organization. */
    NO_ACCOUNT,
    /** The service account is unknown, disabled, or of another organization. */
    NO_SERVICE_ACCOUNT
  }

  /**
   * A new key with the two secrets that are shown now and never again.
   *
   * @param webhookSecret null without a webhook; this one is shown to the key's owner later too
   */
  public record IssuedKey(KeyRecord key, Secret token, @Nullable Secret webhookSecret) {}

  /** Returns the key. Throws {@link NullPointerException} unless {@link Outcome#CREATED}. */
  public IssuedKey key() {
    return requireNonNull(issued, "no key was created");
  }
}
