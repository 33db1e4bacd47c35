// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.MultiMap;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RequestIdsTest {
  private final RequestIds ids = new RequestIds(new Random(1));

  @Test
  void saneIdOfTheClientIsKept() {
    assertThat(ids.of(sent("req_01.A-z"))).isEqualTo("req_01.A-z");
    assertThat(ids.of(sent("a".repeat(128)))).hasSize(128);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "a b", "a,b", "a\"b", "a<b>", "ä", "a\u007f", "a/b", "a:b"})
  void strangeIdOfTheClientIsReplaced(String strange) {
    assertThat(ids.of(sent(strange))).matches("[0-9a-f]{32}");
  }

  @Test
  void tooLongIdIsReplaced() {
    assertThat(ids.of(sent("a".repeat(129)))).matches("[0-9a-f]{32}");
  }

  @Test
  void madeIdsDiffer() {
    Set<String> made = new HashSet<>();
    for (int i = 0; i < 10_000; i++) {
      made.add(ids.next());
    }
    assertThat(made).hasSize(10_000).allMatch(RequestIds::sane);
  }

  private static MultiMap sent(String id) {
    return MultiMap.caseInsensitiveMultiMap().add("x-request-id", id);
  }
}
