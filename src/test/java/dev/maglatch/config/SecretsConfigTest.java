// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.secret.SecretRing;
import dev.maglatch.secret.SecretRing.SecretKeyBytes;
import dev.maglatch.settings.Settings;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SecretsConfigTest {
  private static final String FIRST = base64(1);
  private static final String SECOND = base64(2);
  private static final String THIRD = base64(3);

  @Test
  void nothingSetIsAProblemForServeAlone() {
    assertThat(problems(Mode.SERVE, Map.of()))
        .containsExactly(
            "secrets.master: missing (expected: base64 of at least 32 random bytes; make one with:"
                + " openssl rand -base64 48)");
    assertThat(problems(Mode.DEV, Map.of())).isEmpty();
    assertThat(problems(Mode.MAINTENANCE, Map.of())).isEmpty();
  }

  @Test
  void masterYieldsFourDifferentKeys() {
    SecretRing ring = ring(Map.of("secrets.master", FIRST));

    assertThat(
            List.of(
                ring.peppers().get(0).fingerprint(),
                ring.checkKeys().get(0).fingerprint(),
                ring.encryptionKeys().get(0).fingerprint(),
                ring.sessionKeys().get(0).fingerprint()))
        .doesNotHaveDuplicates();
    assertThat(ring.peppers()).hasSize(1);
  }

  @Test
  void retiredMastersStandBehindTheCurrentOne() {
    SecretRing ring =
        ring(Map.of("secrets.master", FIRST, "secrets.previous", SECOND + "," + THIRD));

    assertThat(ring.peppers())
        .extracting(SecretKeyBytes::fingerprint)
        .containsExactly(pepper(FIRST), pepper(SECOND), pepper(THIRD));
  }

  /** So a master can be replaced while one of its four keys lives on. */
  @Test
  void secretOfItsOwnIsAMasterForThatPurposeAlone() {
    SecretRing ring = ring(Map.of("secrets.master", FIRST, "secrets.pepper", SECOND));

    assertThat(ring.peppers())
        .extracting(SecretKeyBytes::fingerprint)
        .containsExactly(pepper(SECOND));
    assertThat(ring.checkKeys().get(0).fingerprint())
        .isEqualTo(ring(Map.of("secrets.master", FIRST)).checkKeys().get(0).fingerprint());
  }

  @Test
  void fourSecretsOfTheirOwnNeedNoMaster() {
    assertThat(
            problems(
                Mode.SERVE,
                Map.of(
                    "secrets.pepper", FIRST,
                    "secrets.check-key", FIRST,
                    "secrets.encryption-key", SECOND,
                    "secrets.session-key", THIRD)))
        .isEmpty();
  }

  @Test
  void bothAlphabetsAndBrokenLinesAreRead() {
    byte[] bytes = new byte[48];
    new SecureRandom().nextBytes(bytes);
    String standard = Base64.getMimeEncoder(20, new byte[] {'\n'}).encodeToString(bytes);
    String url = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);

    assertThat(pepper(standard)).isEqualTo(pepper(url));
  }

  @Test
  void eachBadValueHasItsTextAndIsNotShown() {
    List<String> problems =
        problems(
            Mode.SERVE,
            Map.of(
                "secrets.master", "hunter2!",
                "secrets.previous", FIRST + "," + FIRST + "," + FIRST,
                "secrets.pepper", "c2hvcnQ="));

    assertThat(problems)
        .containsExactly(
            "secrets.master: **** (expected: base64 of at least 32 random bytes; make one with:"
                + " openssl rand -base64 48)  [command line]",
            "secrets.previous: **** (expected: at most 2 retired masters)  [command line]",
            "secrets.pepper: **** (expected: base64 of at least 32 random bytes; make one with:"
                + " openssl rand -base64 48)  [command line]");
  }

  @Test
  void serveRefusesWhatDevMade() {
    String master = SecretsConfig.developmentMaster(new SecureRandom()).reveal();

    assertThat(problems(Mode.SERVE, Map.of("secrets.master", master)))
        .singleElement()
        .asString()
        .contains("a secret of your own, not the one that dev made");
    assertThat(problems(Mode.DEV, Map.of("secrets.master", master))).isEmpty();
  }

  private static SecretRing ring(Map<String, String> values) {
    Settings settings = Settings.load(null, Map.of(), values);
    return SecretsConfig.read(settings.root().section("secrets"), Mode.SERVE).require();
  }

  private static List<String> problems(Mode mode, Map<String, String> values) {
    Settings settings = Settings.load(null, Map.of(), values);
    SecretsConfig.read(settings.root().section("secrets"), mode);
    return settings.problems().lines();
  }

  private static String pepper(String master) {
    return ring(Map.of("secrets.master", master)).peppers().get(0).fingerprint();
  }

  private static String base64(int fill) {
    byte[] bytes = new byte[32];
    java.util.Arrays.fill(bytes, (byte) fill);
    return Base64.getEncoder().encodeToString(bytes);
  }
}
