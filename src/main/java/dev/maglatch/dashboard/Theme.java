// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import io.vertx.core.Future;
import io.vertx.core.http.Cookie;
import io.vertx.core.http.HttpHeaders;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Light or dark, as somebody has chosen for this browser. Without a choice it is the system's. */
enum Theme {
  LIGHT,
  DARK;

  private static final String COOKIE = "maglatch_theme";
  private static final String DARK_RULE = "[data-bs-theme=dark]";
  private static final String DARK_SYSTEM_RULE = ":where(:root):not([data-bs-theme])";
  private static final String ATTRIBUTES =
      "; Max-Age=31536000; Path=" + Dashboard.BASE + "; SameSite=Strict";

  /** Choosing, where no script does it: all that is changed is a cookie of the visitor's own. */
  static List<Route> routes() {
    return List.of(Route.post("/theme", Theme::choose).forAnyone());
  }

  private static Future<Reply> choose(Visit visit) {
    Theme chosen = visit.form().choice("theme", Theme.class);
    Reply back = Reply.seeOther(SignInScreens.target(visit.form().text("next")));
    return Future.succeededFuture(
        chosen == null
            ? back
            : back.with(HttpHeaders.SET_COOKIE, COOKIE + "=" + chosen.text() + ATTRIBUTES));
  }

  /** Returns what the visitor has chosen; null for nothing. */
  static @Nullable Theme of(Visit visit) {
    Cookie cookie = visit.request().getCookie(COOKIE);
    for (Theme theme : values()) {
      if (cookie != null && theme.text().equals(cookie.getValue())) {
        return theme;
      }
    }
    return null;
  }

  String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Returns {@code css} with all it says of a dark page said again, in the same order and as
   * strongly, of a page without a choice on a dark system. Knows rules that stand in no other one.
   */
  static String followingTheSystem(String css) {
    StringBuilder followed = new StringBuilder(css).append("\n@media (prefers-color-scheme:dark){");
    for (String rule : css.split("}", -1)) {
      int body = rule.lastIndexOf('{');
      if (body >= 0 && rule.lastIndexOf(DARK_RULE, body) >= 0) {
        followed.append(rule.replace(DARK_RULE, DARK_SYSTEM_RULE)).append('}');
      }
    }
    return followed.append("}\n").toString();
  }
}
