// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.key.KeyKind;
import dev.maglatch.manage.KeyRecord;
import dev.maglatch.usage.HourlyRequests;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One key as a line of the list. */
record KeyRow(
    String path,
    String name,
    String prefix,
    String kind,
    String scope,
    Moment created,
    @Nullable Moment used,
    @Nullable String address,
    @Nullable String agent,
    @Nullable Moment expires,
    boolean active,
    List<Badge> badges,
    UsageBar usage) {

  /** Returns a key alone, whose requests are not looked at. */
  static KeyRow of(KeyRecord key, Instant now) {
    return of(key, List.of(), null, now);
  }

  /**
   * @param limitedUntil end of the running window in which the key was refused for its rate limit;
   *     null if it was not
   */
  static KeyRow of(
      KeyRecord key, List<HourlyRequests> hours, @Nullable Instant limitedUntil, Instant now) {
    return new KeyRow(
        path(key),
        name(key),
        key.prefix() + "...",
        kind(key.kind()),
        scope(key),
        Moment.of(key.life().createdAt(), now),
        Moment.orNull(key.use().at(), now),
        key.use().ip(),
        key.use().userAgent(),
        Moment.orNull(key.settings().expiresAt(), now),
        key.life().active(),
        Badge.of(key, limitedUntil, now),
        UsageBar.of(key.id(), hours, now));
  }

  static String path(KeyRecord key) {
    return Dashboard.HOME + "keys/" + key.kind().text() + "/" + key.id();
  }

  static String name(KeyRecord key) {
    String name = key.settings().name();
    return name == null ? "Unnamed key" : name;
  }

  static String kind(KeyKind kind) {
    return switch (kind) {
      case MGP -> "Magpipe";
      case MP -> "MagicPost";
      case ORG -> "Organization";
    };
  }

  private static String scope(KeyRecord key) {
    String scope = key.settings().scope();
    return switch (key.kind()) {
      case MGP -> "everything";
      case MP -> "mcp:v1";
      case ORG -> scope == null ? "read" : scope;
    };
  }
}
