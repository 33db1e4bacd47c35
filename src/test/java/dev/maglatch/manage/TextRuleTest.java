// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class TextRuleTest {
  @Test
  void whatPostgresqlCannotHoldIsNotStorable() {
    assertThat(TextRule.storable("plain ü 🔑")).isTrue();
    assertThat(TextRule.storable("")).isTrue();
    for (String bad :
        List.of("\0", "a\0", "\ud83d", "\ud83dx", "\udd11", "\udd11\ud83d", "\ud83d\ud83d\udd11")) {
      assertThat(TextRule.storable(bad)).isFalse();
    }
  }

  @Test
  void lengthCountsCodePoints() {
    assertThat(TextRule.fits("🔑🔑", 2)).isTrue();
    assertThat(TextRule.fits("🔑🔑x", 2)).isFalse();
  }

  @Test
  void everyKindOfSpaceIsTrimmed() {
    assertThat(TextRule.trim("\u00a0\ufeff\u2003\t a b \n\u3000")).isEqualTo("a b");
    assertThat(TextRule.trim(" \u00a0")).isEmpty();
  }
}
