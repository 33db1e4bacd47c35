// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.key;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.secret.SecretRing.SecretKeyBytes;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class TokensTest {
  private static final String ANY_ASCII = printableAscii();
  private static final SecretKeyBytes CHECK = key(1);
  private static final SecretKeyBytes RETIRED_CHECK = key(2);
  private static final SecretKeyBytes PEPPER = key(3);
  private static final SecretKeyBytes RETIRED_PEPPER = key(4);

  private final Tokens tokens =
      new Tokens(
          new SecureRandom(), List.of(CHECK, RETIRED_CHECK), List.of(PEPPER, RETIRED_PEPPER));

  @Property(tries = 200)
  void everyMintedTokenIsAcceptedAndOfItsShape(@ForAll TokenShape shape) {
    String token = tokens.mint(shape);

    assertThat(tokens.checked(token)).isTrue();
    assertThat(token).startsWith(shape.prefix());
    assertThat(token)
        .matches(shape == TokenShape.MGP ? "mgp_[0-9a-f]{40}" : "mp_[A-Za-z0-9_-]{43}");
    assertThat(shape.shownPrefix(token)).hasSize(shape == TokenShape.MGP ? 8 : 9);
  }

  /** The check bytes are short, so one in 2^32 forgeries would pass; none of these few does. */
  @Property(tries = 20)
  void everySingleCharacterChangeIsRefused(@ForAll TokenShape shape) {
    String token = tokens.mint(shape);
    for (int at = 0; at < token.length(); at++) {
      for (int i = 0; i < ANY_ASCII.length(); i++) {
        char other = ANY_ASCII.charAt(i);
        if (other != token.charAt(at)) {
          String changed = token.substring(0, at) + other + token.substring(at + 1);
          assertThat(tokens.checked(changed)).as(changed).isFalse();
        }
      }
    }
  }

  @Property
  void aTokenCutOrLengthenedIsRefused(
      @ForAll TokenShape shape, @ForAll @IntRange(max = 45) int length) {
    String token = tokens.mint(shape);

    assertThat(tokens.checked(token.substring(0, Math.min(length, token.length() - 1)))).isFalse();
    assertThat(tokens.checked(token + "0")).isFalse();
    assertThat(tokens.checked(token + "=")).isFalse();
  }

  @Example
  void upperCaseHexIsRefused() {
    String token = tokens.mint(TokenShape.MGP);

    assertThat(Tokens.wellFormed("mgp_" + token.substring(4).toUpperCase(java.util.Locale.ROOT)))
        .isEqualTo(token.substring(4).chars().allMatch(Character::isDigit));
  }

  /** 43 characters carry 258 bits, two more than the token has: they must be clear. */
  @Example
  void spareBitsMustBeClear() {
    String token = tokens.mint(TokenShape.MP);
    String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    int last = alphabet.indexOf(token.charAt(token.length() - 1));
    assertThat(last % 4).isZero();
    for (int spare = 1; spare < 4; spare++) {
      String twin = token.substring(0, token.length() - 1) + alphabet.charAt(last + spare);
      assertThat(Tokens.wellFormed(twin)).isFalse();
    }
  }

  @Example
  void tokenOfARetiredCheckKeyIsStillAccepted() {
    String token =
        new Tokens(new SecureRandom(), List.of(RETIRED_CHECK), List.of(PEPPER))
            .mint(TokenShape.MGP);

    assertThat(tokens.checked(token)).isTrue();
    assertThat(new Tokens(new SecureRandom(), List.of(CHECK), List.of(PEPPER)).checked(token))
        .isFalse();
  }

  @Example
  void storedHashIsThePepperedHashOfTheBareHash() throws Exception {
    String token = "mgp_" + "0".repeat(40);
    byte[] sha =
        MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.US_ASCII));
    javax.crypto.Mac mac = javax.crypto.Mac.getInstance("HmacSHA256");
    mac.init(new javax.crypto.spec.SecretKeySpec(PEPPER.reveal(), "HmacSHA256"));

    TokenHash bare = Tokens.sha256(token);

    assertThat(bare.bytes()).isEqualTo(sha);
    assertThat(tokens.stored(bare).get(0).bytes()).isEqualTo(mac.doFinal(sha));
    assertThat(tokens.stored(bare)).hasSize(2).doesNotHaveDuplicates();
    assertThat(tokens.storedNow(bare)).isEqualTo(tokens.stored(bare).get(0));
  }

  @Example
  void hashIsTheSameForTextsOfAnyLengthAndAlphabet() throws Exception {
    MessageDigest sha = MessageDigest.getInstance("SHA-256");
    for (String text : List.of("", "a", "a".repeat(64), "a".repeat(65), "mgp_\u00e9", "b")) {
      assertThat(Tokens.sha256(text).bytes())
          .isEqualTo(sha.digest(text.getBytes(StandardCharsets.ISO_8859_1)));
    }
  }

  @Example
  void hashDoesNotPrintItself() {
    TokenHash hash = Tokens.sha256("mgp_x");

    assertThat(hash.toString()).doesNotContain(HexFormat.of().formatHex(hash.bytes()));
  }

  private static SecretKeyBytes key(int seed) {
    byte[] bytes = new byte[32];
    Arrays.fill(bytes, (byte) seed);
    return new SecretKeyBytes(bytes);
  }

  private static String printableAscii() {
    StringBuilder all = new StringBuilder();
    for (char c = ' '; c <= '~'; c++) {
      all.append(c);
    }
    return all.append('\u00e9').toString();
  }
}
