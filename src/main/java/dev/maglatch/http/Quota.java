// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.http;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What is left of an allowance after one request asked for its part, and how an answer says so (<a
 * href="https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/">RateLimit
 * fields</a>).
 *
 * @param policy names the allowance: an ASCII word
 * @param refused whether the request asked for more than was left
 * @param limit requests in a window; at least 1
 * @param windowSeconds length of a window; at least 1
 * @param remaining requests that are left in this window; 0 when refused
 * @param resetSeconds after which the window is over, rounded up; at least 1
 */
public record Quota(
    String policy,
    boolean refused,
    long limit,
    long windowSeconds,
    long remaining,
    long resetSeconds) {
  /** For people, in bodies that have room for a hint. */
  public static final String HINT = "Too many requests. Wait for Retry-After seconds.";

  private static final CharSequence POLICY = HttpHeaders.createOptimized("RateLimit-Policy");
  private static final CharSequence FIELD = HttpHeaders.createOptimized("RateLimit");
  private static final CharSequence LEGACY_LIMIT = HttpHeaders.createOptimized("X-RateLimit-Limit");
  private static final CharSequence LEGACY_REMAINING =
      HttpHeaders.createOptimized("X-RateLimit-Remaining");
  private static final CharSequence LEGACY_RESET = HttpHeaders.createOptimized("X-RateLimit-Reset");
  private static final CharSequence RETRY_AFTER = HttpHeaders.createOptimized("Retry-After");

  /** Returns what is said of an allowance that is spent. */
  public static Quota spent(String policy, long limit, long windowSeconds, long resetSeconds) {
    return new Quota(policy, true, limit, windowSeconds, 0, resetSeconds);
  }

  /** Returns how many requests the window has had, as far as they count. */
  public long count() {
    return limit - remaining;
  }

  /** Sets the fields of an answer to what several allowances say, the first one first. */
  public static void writeAll(List<Quota> quotas, MultiMap headers) {
    headers.set(POLICY, joined(quotas, Quota::policyText));
    headers.set(FIELD, joined(quotas, Quota::fieldText));
  }

  private static String joined(List<Quota> quotas, Function<Quota, String> text) {
    return quotas.stream().map(text).collect(Collectors.joining(", "));
  }

  /**
   * Sets the fields that were usual before there was a draft of a standard.
   *
   * @param epochSecond now; {@code X-RateLimit-Reset} is the Unix time at which the window ends
   */
  public void writeLegacyTo(MultiMap headers, long epochSecond) {
    headers.set(LEGACY_LIMIT, Long.toString(limit));
    headers.set(LEGACY_REMAINING, Long.toString(remaining));
    headers.set(LEGACY_RESET, Long.toString(epochSecond + resetSeconds));
  }

  private String policyText() {
    return "\"" + policy + "\";q=" + limit + ";w=" + windowSeconds;
  }

  private String fieldText() {
    return "\"" + policy + "\";r=" + remaining + ";t=" + resetSeconds;
  }

  /** Sets the fields of an answer, in the place of others of these names. */
  public void writeTo(MultiMap headers) {
    headers.set(POLICY, policyText());
    headers.set(FIELD, fieldText());
    if (refused) {
      headers.set(RETRY_AFTER, Long.toString(resetSeconds));
    }
  }
}
