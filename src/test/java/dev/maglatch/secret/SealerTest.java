// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.secret;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.secret.SecretRing.SecretKeyBytes;
import java.security.SecureRandom;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class SealerTest {
  private static final SecretKeyBytes OLD = key("old");
  private static final SecretKeyBytes NEW = key("new");
  private static final UUID OWNER = UUID.randomUUID();
  private static final Secret TEXT = new Secret("whsec_ü");

  @Test
  void sealedTextOpensForItsOwnerOnly() {
    Sealer sealer = sealer(NEW);
    SealedText sealed = sealer.seal(TEXT, OWNER);

    assertThat(sealer.open(sealed, OWNER)).isEqualTo(TEXT);
    assertThat(sealer.open(sealed, UUID.randomUUID())).isNull();
  }

  @Test
  void retiredKeyStillOpensAndIsNotUsedAnew() {
    SealedText before = sealer(OLD).seal(TEXT, OWNER);
    SealedText after = sealer(NEW, OLD).seal(TEXT, OWNER);

    assertThat(sealer(NEW, OLD).open(before, OWNER)).isEqualTo(TEXT);
    assertThat(sealer(NEW).open(after, OWNER)).isEqualTo(TEXT);
    assertThat(sealer(NEW).open(before, OWNER)).isNull();
  }

  @Test
  void sameTextIsNeverSealedTheSameTwice() {
    assertThat(sealer(NEW).seal(TEXT, OWNER)).isNotEqualTo(sealer(NEW).seal(TEXT, OWNER));
  }

  @Test
  void everyChangedByteIsNoticed() {
    Sealer sealer = sealer(NEW);
    byte[] bytes = sealer.seal(TEXT, OWNER).bytes();
    for (int i = 0; i < bytes.length; i++) {
      byte[] changed = bytes.clone();
      changed[i] ^= 1;
      assertThat(sealer.open(new SealedText(changed), OWNER)).as("byte %d", i).isNull();
    }
    assertThat(sealer.open(new SealedText(new byte[0]), OWNER)).isNull();
  }

  private static Sealer sealer(SecretKeyBytes... keys) {
    return new Sealer(new SecureRandom(), List.of(keys));
  }

  private static SecretKeyBytes key(String name) {
    return SecretRing.derive(List.of(name.repeat(12).getBytes(UTF_8))).encryptionKeys().get(0);
  }
}
