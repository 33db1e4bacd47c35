// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import static java.util.Objects.requireNonNull;

import org.jspecify.annotations.Nullable;

/**
 * What came of a command to make a key that may be sent again.
 *
 * @param creation what came of the command itself; null if this call was refused as a repetition
 * @param confirmation how far the end of the replaced token is known; null unless {@link
 *     Repetition#REPLAYED}
 */
public record SingleCreation(
    Repetition repetition, @Nullable Creation creation, @Nullable Confirmation confirmation) {
  /** How a call relates to earlier ones. */
  public enum Repetition {
    /** There was none within a day. */
    FIRST,
    /** The key of the first call, unused so far, has a new token. */
    REPLAYED,
    /** The key of the first call was used, or is good no more. */
    USED,
    /** The first call had another body. */
    OTHER_BODY,
    /** The first call has not ended. */
    RUNNING
  }

  /**
   * Returns what came of the command. Throws {@link NullPointerException} if this call was refused
   * as a repetition.
   */
  public Creation outcome() {
    return requireNonNull(creation, "the call was refused as a repetition");
  }
}
