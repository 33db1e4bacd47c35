// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.MultiMap;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CorsTest {
  private final Cors cors =
      new Cors(List.of("https://app.example", "http://localhost:5173"), "https://api.example/");

  @ParameterizedTest
  @CsvSource({
    "https://app.example, true",
    "http://localhost:5173, true",
    "https://api.example, true",
    "http://app.example, false",
    "https://app.example:8443, false",
    "https://app.example.evil.test, false",
    "https://evil.test, false",
    "null, false",
    ", false",
  })
  void onlyListedOriginsAndTheGatewaysOwnMayCall(String origin, boolean allowed) {
    assertThat(cors.allows(origin)).isEqualTo(allowed);
    assertThat(cors.trusts(origin)).isEqualTo(allowed);
  }

  @Test
  void preflightOfAListedOriginIsAnsweredInFull() {
    MultiMap answer = MultiMap.caseInsensitiveMultiMap();
    MultiMap request =
        origin("https://app.example").add("Access-Control-Request-Headers", "authorization");

    assertThat(cors.answerPreflight(request, answer)).isTrue();
    assertThat(answer.get("access-control-allow-origin")).isEqualTo("https://app.example");
    assertThat(answer.get("access-control-allow-credentials")).isEqualTo("true");
    assertThat(answer.get("access-control-allow-headers")).isEqualTo("authorization");
    assertThat(answer.get("access-control-allow-methods")).contains("PATCH");
    assertThat(answer.get("vary")).contains("Origin");
  }

  @Test
  void preflightOfAForeignOriginGetsNoLeave() {
    MultiMap answer = MultiMap.caseInsensitiveMultiMap();

    assertThat(cors.answerPreflight(origin("https://evil.test"), answer)).isFalse();
    assertThat(answer.names()).containsExactly("vary");
  }

  @Test
  void answersVaryByOriginAlsoWithoutOne() {
    MultiMap answer = MultiMap.caseInsensitiveMultiMap();
    cors.decorate(MultiMap.caseInsensitiveMultiMap(), answer);

    assertThat(answer.get("vary")).isEqualToIgnoringCase("origin");
    assertThat(answer.contains("access-control-allow-origin")).isFalse();
  }

  @Test
  void pageOfAListedOriginMayReadTheRequestId() {
    MultiMap answer = MultiMap.caseInsensitiveMultiMap();
    cors.decorate(origin("https://app.example"), answer);

    assertThat(answer.get("access-control-allow-origin")).isEqualTo("https://app.example");
    assertThat(answer.get("access-control-expose-headers")).contains("X-Request-Id");
  }

  /** A wildcard must never let a foreign page use a visitor's cookie. */
  @Test
  void wildcardAllowsCallsButNoCookies() {
    Cors open = new Cors(List.of("*"), "https://api.example");
    MultiMap answer = MultiMap.caseInsensitiveMultiMap();
    open.decorate(origin("https://evil.test"), answer);

    assertThat(answer.get("access-control-allow-origin")).isEqualTo("*");
    assertThat(answer.contains("access-control-allow-credentials")).isFalse();
    assertThat(open.trusts("https://evil.test")).isFalse();
    assertThat(open.trusts("https://api.example")).isTrue();
  }

  @Test
  void nothingIsAddedWhenOff() {
    MultiMap answer = MultiMap.caseInsensitiveMultiMap();
    Cors.OFF.decorate(origin("https://app.example"), answer);

    assertThat(answer.isEmpty()).isTrue();
    assertThat(Cors.OFF.enabled()).isFalse();
  }

  @Test
  void ownOriginAloneDoesNotSwitchCorsOn() {
    Cors own = new Cors(List.of(), "https://api.example:443/x");

    assertThat(own.enabled()).isFalse();
    assertThat(own.trusts("https://api.example")).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "*, true",
    "https://app.example, true",
    "HTTPS://App.Example, true",
    "https://app.example/, false",
    "https://app.example:443, false",
    "app.example, false",
    "ftp://app.example, false",
    "https://*.example, false",
    "null, false",
  })
  void onlyOriginsAsBrowsersWriteThemMayBeListed(String text, boolean allowable) {
    assertThat(Cors.isAllowable(text)).isEqualTo(allowable);
  }

  private static MultiMap origin(String origin) {
    return MultiMap.caseInsensitiveMultiMap().add("Origin", origin);
  }
}
