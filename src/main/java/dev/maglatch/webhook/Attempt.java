// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One attempt at a delivery, over.
 *
 * @param kind how it ended
 * @param status of the answer; 0 without one
 * @param answer its first 2,000 characters; empty without one
 * @param failure what went wrong, for the key's owner; null if the answer is whole
 * @param retryAfter how long the receiver asked to be left alone; null if it did not
 * @param millis how long it took
 * @param sent the headers of the request; empty if none was sent
 */
public record Attempt(
    Kind kind,
    int status,
    String answer,
    @Nullable String failure,
    @Nullable Duration retryAfter,
    long millis,
    Map<String, String> sent) {

  /** How an attempt can end. */
  public enum Kind {
    /** There was an answer, whatever it says. */
    ANSWERED,
    /** No answer, or not a whole one in time. */
    UNREACHABLE,
    /**
     * Nothing was sent, for a reason that is ours and may pass; of the receiver it says nothing.
     */
    UNSENT,
    /** Nothing was sent, and never will be: the URL is not allowed. */
    FORBIDDEN
  }
}
