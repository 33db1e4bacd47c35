// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EmailAddressTest {
  @Test
  void caseAndBlanksAroundDoNotMatter() {
    assertThat(EmailAddress.normal("  Ann@Example.COM ")).isEqualTo("ann@example.com");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "ann", "@example.com", "ann@", "a@b@c", "a b@c", "a\0@b", "a\n@b", "\ud800@b"})
  void whatCanBeNoAddressIsNone(String text) {
    assertThat(EmailAddress.normal(text)).isNull();
  }

  @Test
  void addressOf320CharactersIsTheLongest() {
    assertThat(EmailAddress.normal("a".repeat(318) + "@b")).isNotNull();
    assertThat(EmailAddress.normal("a".repeat(319) + "@b")).isNull();
  }
}
