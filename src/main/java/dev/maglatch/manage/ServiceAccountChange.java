// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import static java.util.Objects.requireNonNull;

import org.jspecify.annotations.Nullable;

/**
 * What came of a command on a service account.
 *
 * @param account as it is now; present only when {@link Outcome#DONE}
 * @param confirmation null if nobody's rights have changed
 */
public record ServiceAccountChange(
    Outcome outcome, @Nullable ServiceAccountRecord account, @Nullable Confirmation confirmation) {
  /** How it ended. */
  public enum Outcome {
    DONE,
    /** Another service account of the organization has that name. */
    NAME_TAKEN,
    /** No such service account in the organization. */
    UNKNOWN,
    /** The account that was to make it is gone, disabled, or of another organization. */
    NO_ACCOUNT
  }

  public static ServiceAccountChange done(ServiceAccountRecord account) {
    return new ServiceAccountChange(Outcome.DONE, account, null);
  }

  public static ServiceAccountChange refused(Outcome why) {
    return new ServiceAccountChange(why, null, null);
  }

  /**
   * Returns the service account. Throws {@link NullPointerException} unless {@link Outcome#DONE}.
   */
  public ServiceAccountRecord done() {
    return requireNonNull(account, "the command was refused");
  }

  ServiceAccountChange confirmed(Confirmation by) {
    return new ServiceAccountChange(outcome, account, by);
  }
}
