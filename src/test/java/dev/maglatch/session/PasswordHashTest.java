// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.secret.Secret;
import java.security.SecureRandom;
import org.junit.jupiter.api.Test;

class PasswordHashTest {
  private static final Secret PASSWORD = new Secret("correct hörse");

  @Test
  void onlyTheRightPasswordMatches() {
    String stored = PasswordHash.of(PASSWORD, new SecureRandom());

    assertThat(stored).startsWith("$pbkdf2-sha512$i=210000$").doesNotContain("correct");
    assertThat(PasswordHash.matches(PASSWORD, stored)).isTrue();
    assertThat(PasswordHash.matches(new Secret("correct horse"), stored)).isFalse();
  }

  @Test
  void keyboardThatSendsAnotherNormalFormMatchesToo() {
    String stored = PasswordHash.of(PASSWORD, new SecureRandom());

    assertThat(PasswordHash.matches(new Secret("correct ho\u0308rse"), stored)).isTrue();
  }

  @Test
  void sameThingHashesDifferentlyEachTime() {
    SecureRandom random = new SecureRandom();

    assertThat(PasswordHash.of(PASSWORD, random)).isNotEqualTo(PasswordHash.of(PASSWORD, random));
  }

  @Test
  void whatIsNoHashOfOursNeverMatches() {
    assertThat(PasswordHash.matches(PASSWORD, "")).isFalse();
    assertThat(PasswordHash.matches(PASSWORD, "correct hörse")).isFalse();
    assertThat(
            PasswordHash.matches(
                PASSWORD, "$pbkdf2-sha512$i=99999999$AAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"))
        .isFalse();
  }
}
