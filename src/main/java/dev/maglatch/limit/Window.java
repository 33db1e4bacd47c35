// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.limit;

/**
 * A stretch of the clock in which so many requests are admitted: minutes begin with the minute,
 * days at midnight UTC.
 *
 * @param name an ASCII word for the {@code RateLimit} fields
 * @param limit requests in a window, over all replicas; at least 1
 * @param seconds length; at least 1
 */
public record Window(String name, long limit, long seconds) {
  private static final long MINUTE = 60;
  private static final long DAY = 86_400;

  public static Window perMinute(long limit) {
    return new Window("minute", limit, MINUTE);
  }

  public static Window perDay(long limit) {
    return new Window("day", limit, DAY);
  }

  long number(long epochSecond) {
    return Math.floorDiv(epochSecond, seconds);
  }

  long secondsLeft(long epochSecond) {
    return seconds - Math.floorMod(epochSecond, seconds);
  }
}
