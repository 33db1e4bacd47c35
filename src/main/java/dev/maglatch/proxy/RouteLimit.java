// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.limit.Window;
import dev.maglatch.settings.Section;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How often one caller may use a route: a key, the account of a session, or the address of a
 * request without a credential.
 *
 * @param windows each of them must have room for a request; not empty
 * @param legacyHeaders whether answers carry {@code X-RateLimit-*} too
 */
public record RouteLimit(List<Window> windows, boolean legacyHeaders) {
  private static final int MOST = 1_000_000_000;

  public RouteLimit {
    windows = List.copyOf(windows);
  }

  /** What the originals' clients know. */
  private enum Preset {
    /** A fixed minute. */
    MAGICPOST(60, 0),
    /** A minute and a day, which count both. */
    MAGPIPE(100, 10_000);

    private final int perMinute;
    private final int perDay;

    Preset(int perMinute, int perDay) {
      this.perMinute = perMinute;
      this.perDay = perDay;
    }
  }

  /** Reads {@code rate-limit} of a route; null if it has none. */
  static @Nullable RouteLimit read(Section route) {
    Section limit = route.section("rate-limit");
    Preset preset = limit.has("preset") ? limit.choice("preset", Preset.MAGICPOST) : null;
    int perMinute = limit.integer("per-minute", preset == null ? 0 : preset.perMinute, 0, MOST);
    int perDay = limit.integer("per-day", preset == null ? 0 : preset.perDay, 0, MOST);
    boolean legacyHeaders = limit.flag("legacy-headers", false);
    List<Window> windows = new ArrayList<>();
    if (perMinute > 0) {
      windows.add(Window.perMinute(perMinute));
    }
    if (perDay > 0) {
      windows.add(Window.perDay(perDay));
    }
    if (windows.isEmpty() && (legacyHeaders || limit.has("preset"))) {
      limit.problem("per-minute", "1 or more, there or in per-day");
    }
    return windows.isEmpty() ? null : new RouteLimit(windows, legacyHeaders);
  }
}
