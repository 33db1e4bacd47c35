// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.http;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The gateway's own session cookie: how it is named, found and set. Immutable.
 *
 * <p>Under an https public URL it is {@code __Host-maglatch_session} and {@code Secure}: a browser
 * then takes it from this very host only, and sends it back over TLS only.
 */
public final class SessionCookie {
  public static final String NAME = "maglatch_session";

  /** Its name where it is {@code Secure}. */
  public static final String HOST_NAME = "__Host-" + NAME;

  private final String name;
  private final String attributes;

  /**
   * @param publicUrl the gateway's own URL; null counts as http
   */
  public SessionCookie(@Nullable String publicUrl) {
    boolean secure = publicUrl != null && publicUrl.toLowerCase(Locale.ROOT).startsWith("https:");
    this.name = secure ? HOST_NAME : NAME;
    this.attributes = "; Path=/; HttpOnly; SameSite=Strict" + (secure ? "; Secure" : "");
  }

  public String name() {
    return name;
  }

  /**
   * Returns the cookie's value, or null if it was not sent. Sent twice it is nobody's: a page of a
   * neighbouring host may have set one of them.
   */
  public @Nullable String valueIn(MultiMap headers) {
    String found = null;
    List<String> lines = headers.getAll(HttpHeaders.COOKIE);
    for (String line : lines) {
      for (String pair : line.split(";", -1)) {
        int equals = pair.indexOf('=');
        if (equals >= 0 && pair.substring(0, equals).strip().equals(name)) {
          if (found != null) {
            return null;
          }
          found = pair.substring(equals + 1).strip();
        }
      }
    }
    return found;
  }

  /** Returns the {@code Set-Cookie} field that hands out {@code value}. */
  public String set(String value, Duration lifetime) {
    return name + "=" + value + "; Max-Age=" + lifetime.toSeconds() + attributes;
  }

  /** Returns the {@code Set-Cookie} field that makes the browser forget. */
  public String clear() {
    return name + "=; Max-Age=0" + attributes;
  }
}
