// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.key.KeyPolicy;
import dev.maglatch.manage.KeyRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One word on what became of a key.
 *
 * @param tone how it is coloured: {@code good}, {@code warn}, {@code bad}, {@code plain}
 * @param why what it means here
 */
record Badge(String text, String tone, String why) {
  private static final Duration SOON = Duration.ofDays(7);

  /**
   * @param limitedUntil end of the running window in which the key was refused for its rate limit;
   *     null if it was not
   */
  static List<Badge> of(KeyRecord key, @Nullable Instant limitedUntil, Instant now) {
    Badge state = state(key, now);
    return limitedUntil == null
            || !key.life().active()
            || key.settings().policy().rateLimit() == null
        ? List.of(state)
        : List.of(state, limited(limitedUntil, now));
  }

  private static Badge limited(Instant until, Instant now) {
    return new Badge(
        "Limited",
        "warn",
        "Requests beyond its rate were refused in the window that ends "
            + Moment.of(until, now).exact());
  }

  private static Badge state(KeyRecord key, Instant now) {
    Instant revoked = key.life().revokedAt();
    Instant expires = key.settings().expiresAt();
    Instant grace = key.life().revokeAfter();
    if (revoked != null) {
      return new Badge("Revoked", "bad", "Refused since " + Moment.of(revoked, now).exact());
    }
    if (!key.life().active() && expires != null) {
      return new Badge("Expired", "bad", "Refused since " + Moment.of(expires, now).exact());
    }
    if (key.life().suspended()) {
      return new Badge("Disabled", "bad", "Refused while its " + holder(key) + " is disabled");
    }
    if (grace != null) {
      return new Badge(
          "Expires soon", "warn", "Replaced; refused from " + Moment.of(grace, now).exact());
    }
    if (expires != null && expires.isBefore(now.plus(SOON))) {
      return new Badge("Expires soon", "warn", "Refused from " + Moment.of(expires, now).exact());
    }
    return new Badge("Active", "good", "Accepted on every replica" + condition(key));
  }

  private static String holder(KeyRecord key) {
    return key.owner().serviceAccountId() == null ? "account" : "service account";
  }

  private static String condition(KeyRecord key) {
    return (key.settings().policy().equals(KeyPolicy.NONE) ? "" : " within its limits")
        + (key.owner().serviceAccountId() == null ? "" : " while its service account is enabled");
  }
}
