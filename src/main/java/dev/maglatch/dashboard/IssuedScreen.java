// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.manage.Confirmation;
import dev.maglatch.manage.Creation.IssuedKey;
import io.vertx.core.net.HostAndPort;
import org.jspecify.annotations.Nullable;

/** Shows a new key, once. */
final class IssuedScreen {
  private final Surroundings surroundings;
  private final Screens screens;

  IssuedScreen(Surroundings surroundings, Screens screens) {
    this.surroundings = surroundings;
    this.screens = screens;
  }

  Reply show(Visit visit, IssuedKey key) {
    return show(visit, key, null, null);
  }

  /**
   * Returns the page with the key, and {@code note} on what else has happened.
   *
   * @param confirmation how far that is known; null if nobody was asked
   */
  Reply show(
      Visit visit, IssuedKey key, @Nullable String note, @Nullable Confirmation confirmation) {
    String tryPath = surroundings.whoAmI().apply(key.key().kind());
    IssuedView view = IssuedView.of(key, origin(visit), tryPath, note, confirmation);
    return screens.show(visit, "keys", "Your new key", Templates.issued(view));
  }

  /** Returns the origin that clients know, or else the one that this visitor came to. */
  private String origin(Visit visit) {
    String known = surroundings.publicUrl();
    HostAndPort here = visit.request().authority();
    if (known != null || here == null) {
      return known == null ? "" : known;
    }
    String scheme = visit.request().isSSL() ? "https://" : "http://";
    return scheme + here.host() + (here.port() < 0 ? "" : ":" + here.port());
  }
}
