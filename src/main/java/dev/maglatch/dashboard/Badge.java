// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.key.KeyPolicy;
import dev.maglatch.manage.KeyRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * One word on what became of a key.
 *
 * @param tone how it is coloured: {@code good}, {@code warn}, {@code bad}, {@code plain}
 * @param why what it means here
 */
record Badge(String text, String tone, String why) {
  private static final Duration SOON = Duration.ofDays(7);

  static List<Badge> of(KeyRecord key, Instant now) {
    List<Badge> badges = new ArrayList<>();
    badges.add(state(key, now));
    KeyPolicy policy = key.settings().policy();
    if (key.life().active() && !policy.equals(KeyPolicy.NONE)) {
      badges.add(new Badge("Limited", "plain", limits(policy)));
    }
    return badges;
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
    if (grace != null) {
      return new Badge(
          "Expires soon", "warn", "Replaced; refused from " + Moment.of(grace, now).exact());
    }
    if (expires != null && expires.isBefore(now.plus(SOON))) {
      return new Badge("Expires soon", "warn", "Refused from " + Moment.of(expires, now).exact());
    }
    return new Badge("Active", "good", "Accepted on every replica");
  }

  private static String limits(KeyPolicy policy) {
    List<String> limits = new ArrayList<>();
    if (policy.rateLimit() != null) {
      limits.add(
          "At most "
              + policy.rateLimit().limit()
              + " requests in "
              + policy.rateLimit().windowSeconds()
              + " s");
    }
    if (policy.allowedIps() != null) {
      limits.add("Only from " + String.join(", ", policy.allowedIps()));
    }
    return String.join("; ", limits);
  }
}
