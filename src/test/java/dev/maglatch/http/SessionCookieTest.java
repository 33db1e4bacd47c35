// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class SessionCookieTest {
  private final SessionCookie plain = new SessionCookie("http://localhost:8080");
  private final SessionCookie secure = new SessionCookie("https://api.example.com");

  @Test
  void underHttpsTheCookieBelongsToThisHostAlone() {
    assertThat(secure.set("v", Duration.ofDays(1)))
        .isEqualTo(
            "__Host-maglatch_session=v; Max-Age=86400; Path=/; HttpOnly; SameSite=Strict; Secure");
    assertThat(plain.set("v", Duration.ofDays(1)))
        .isEqualTo("maglatch_session=v; Max-Age=86400; Path=/; HttpOnly; SameSite=Strict");
    assertThat(plain.clear()).startsWith("maglatch_session=; Max-Age=0;");
  }

  @Test
  void cookieIsFoundAmongOthers() {
    assertThat(plain.valueIn(cookies("a=b; maglatch_session=v; c=d"))).isEqualTo("v");
    assertThat(plain.valueIn(cookies("a=b", "maglatch_session=v"))).isEqualTo("v");
    assertThat(plain.valueIn(cookies("maglatch_session"))).isNull();
    assertThat(plain.valueIn(cookies("xmaglatch_session=v; Maglatch_Session=v"))).isNull();
    assertThat(plain.valueIn(cookies())).isNull();
  }

  /** Under https a neighbouring host can set the plain name, and must not get anywhere with it. */
  @Test
  void plainNameDoesNotCountUnderHttps() {
    assertThat(secure.valueIn(cookies("maglatch_session=v"))).isNull();
    assertThat(secure.valueIn(cookies("__Host-maglatch_session=v"))).isEqualTo("v");
  }

  @Test
  void cookieSentTwiceIsNobodys() {
    assertThat(plain.valueIn(cookies("maglatch_session=v; maglatch_session=w"))).isNull();
  }

  private static MultiMap cookies(String... lines) {
    MultiMap headers = HttpHeaders.headers();
    for (String line : lines) {
      headers.add(HttpHeaders.COOKIE, line);
    }
    return headers;
  }
}
