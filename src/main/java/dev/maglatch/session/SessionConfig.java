// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import dev.maglatch.settings.Section;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Sessions: who may begin one and how long it lasts.
 *
 * @param signUp whether anybody may make an account
 * @param refreshLifetime how long after its last refresh a session of tokens can be refreshed
 * @param cookieLifetime how long after its sign-in a cookie session lasts
 * @param issuers whose JWTs count as sessions beside our own
 */
public record SessionConfig(
    boolean signUp,
    Duration refreshLifetime,
    Duration cookieLifetime,
    ThrottleConfig throttle,
    List<IssuerConfig> issuers) {
  public static final SessionConfig DEFAULT =
      new SessionConfig(
          false, Duration.ofDays(30), Duration.ofDays(7), ThrottleConfig.DEFAULT, List.of());

  private static final Duration SHORTEST_REFRESH = Duration.ofHours(1);
  private static final Duration SHORTEST_COOKIE = Duration.ofMinutes(1);
  private static final Duration LONGEST = Duration.ofDays(400);

  public SessionConfig {
    issuers = List.copyOf(issuers);
  }

  /** Reads the section {@code sessions}. */
  public static SessionConfig read(Section sessions) {
    return new SessionConfig(
        sessions.flag("signup", DEFAULT.signUp),
        sessions.duration("refresh-lifetime", DEFAULT.refreshLifetime, SHORTEST_REFRESH, LONGEST),
        sessions.duration("cookie-lifetime", DEFAULT.cookieLifetime, SHORTEST_COOKIE, LONGEST),
        ThrottleConfig.read(sessions.section("throttle")),
        issuers(sessions));
  }

  private static List<IssuerConfig> issuers(Section sessions) {
    Set<String> seen = new HashSet<>();
    return sessions.sections("issuers").stream()
        .map(section -> IssuerConfig.read(section, seen))
        .flatMap(Optional::stream)
        .toList();
  }

  /**
   * What repeated failures to sign in lead to.
   *
   * @param perAccount failures of one account from one address in a window; then 429
   * @param perAddress failures from one address in a window; then 429
   * @param window counts begin anew after it
   * @param delayAfter failures of one account from all addresses; then answers come later
   * @param maxDelay of an answer
   */
  public record ThrottleConfig(
      int perAccount, int perAddress, Duration window, int delayAfter, Duration maxDelay) {
    public static final ThrottleConfig DEFAULT =
        new ThrottleConfig(10, 100, Duration.ofMinutes(15), 20, Duration.ofSeconds(3));

    private static final int MOST = 1_000_000;
    private static final Duration SHORTEST_WINDOW = Duration.ofSeconds(1);
    private static final Duration LONGEST_WINDOW = Duration.ofDays(1);
    private static final Duration LONGEST_DELAY = Duration.ofSeconds(30);

    static ThrottleConfig read(Section throttle) {
      return new ThrottleConfig(
          throttle.integer("per-account", DEFAULT.perAccount, 1, MOST),
          throttle.integer("per-address", DEFAULT.perAddress, 1, MOST),
          throttle.duration("window", DEFAULT.window, SHORTEST_WINDOW, LONGEST_WINDOW),
          throttle.integer("delay-after", DEFAULT.delayAfter, 0, MOST),
          throttle.duration("max-delay", DEFAULT.maxDelay, Duration.ZERO, LONGEST_DELAY));
    }
  }
}
