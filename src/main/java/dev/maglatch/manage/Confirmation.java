// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

/**
 * How far a change had come when it was answered.
 *
 * @param acknowledged replicas that have said they dropped what they knew
 * @param replicas replicas that were asked, this one included
 * @param expired those whose lease ran out instead, so that they trust nothing they know
 * @param millis time from the commit to this confirmation
 */
public record Confirmation(int acknowledged, int replicas, int expired, long millis) {
  /** Returns the value of {@code X-Maglatch-Revocation}. */
  public String headerValue() {
    return "confirmed=" + acknowledged + "/" + replicas + "; expired=" + expired + "; ms=" + millis;
  }
}
