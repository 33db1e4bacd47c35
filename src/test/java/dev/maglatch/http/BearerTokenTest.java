// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.MultiMap;
import io.vertx.core.http.impl.headers.HeadersMultiMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BearerTokenTest {
  @ParameterizedTest
  @ValueSource(strings = {"Bearer abc", "bearer abc", "BEARER abc", "bEaReR  abc"})
  void schemeIsReadInAnyCase(String value) {
    BearerToken token = BearerToken.parse(value);

    assertThat(token.present()).isTrue();
    assertThat(token.text()).isEqualTo("abc");
    assertThat(token.bearerSent()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"mgp_0af", "eyJh.eyJz.c2ln-_", "a+b/c~d==", "x"})
  void everyTokenCharacterIsRead(String text) {
    assertThat(BearerToken.parse("Bearer " + text).text()).isEqualTo(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer a ",
        "Bearer \ta",
        "Bearer a,b",
        "Bearer a, Bearer b",
        "Bearer \"a\"",
        "Bearer a=b",
        "Bearer ==",
        "Bearer ä",
        "Bearer a\u0000"
      })
  void junkAfterTheSchemeIsMalformed(String value) {
    BearerToken token = BearerToken.parse(value);

    assertThat(token.kind()).isEqualTo(BearerToken.Kind.MALFORMED);
    assertThat(token.bearerSent()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Basic YTpi", "Bearerabc", "Bearer\tabc", "Bear abc", " Bearer abc"})
  void anotherSchemeIsMalformedAndNoBearer(String value) {
    BearerToken token = BearerToken.parse(value);

    assertThat(token.kind()).isEqualTo(BearerToken.Kind.MALFORMED);
    assertThat(token.bearerSent()).isFalse();
  }

  @Test
  void noHeaderIsMissing() {
    assertThat(BearerToken.of(HeadersMultiMap.httpHeaders())).isSameAs(BearerToken.MISSING);
  }

  /** Which of the two an upstream or a log would take is anybody's guess, so neither is taken. */
  @Test
  void secondHeaderMakesAGoodTokenMalformed() {
    MultiMap http1 = HeadersMultiMap.httpHeaders();
    assertThat(BearerToken.of(http1.add("Authorization", "Bearer a")).present()).isTrue();
    http1.add("AUTHORIZATION", "Bearer a");
    MultiMap other = MultiMap.caseInsensitiveMultiMap().addAll(http1);

    assertThat(BearerToken.of(http1).kind()).isEqualTo(BearerToken.Kind.MALFORMED);
    assertThat(BearerToken.of(other).kind()).isEqualTo(BearerToken.Kind.MALFORMED);
  }

  @Test
  void tokenDoesNotPrintItself() {
    assertThat(BearerToken.parse("Bearer mgp_secret").toString()).doesNotContain("secret");
  }
}
