// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.secret.SecretRing.SecretKeyBytes;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class RefreshTokensTest {
  private static final UUID FAMILY = UUID.randomUUID();

  private final RefreshTokens tokens = new RefreshTokens(List.of(key(1)));

  @Test
  void whatWasWrittenIsReadAgain() {
    String text = tokens.write(FAMILY, 7).reveal();

    assertThat(text).hasSize(64);
    assertThat(tokens.read(text)).isEqualTo(new RefreshTokens.Presented(FAMILY, 7));
  }

  @Test
  void everyChangeOfOneCharacterIsRefused() {
    String text = tokens.write(FAMILY, 7).reveal();

    for (int i = 0; i < text.length(); i++) {
      char other = text.charAt(i) == 'A' ? 'B' : 'A';
      assertThat(tokens.read(text.substring(0, i) + other + text.substring(i + 1))).isNull();
    }
    assertThat(tokens.read("")).isNull();
    assertThat(tokens.read(text + "AAAA")).isNull();
    assertThat(tokens.read("é".repeat(64))).isNull();
  }

  @Test
  void retiredKeyIsReadAndNoLongerWritten() {
    RefreshTokens rotated = new RefreshTokens(List.of(key(2), key(1)));

    assertThat(rotated.read(tokens.write(FAMILY, 7).reveal())).isNotNull();
    assertThat(tokens.read(rotated.write(FAMILY, 7).reveal())).isNull();
  }

  private static SecretKeyBytes key(int value) {
    byte[] bytes = new byte[32];
    Arrays.fill(bytes, (byte) value);
    return new SecretKeyBytes(bytes);
  }
}
