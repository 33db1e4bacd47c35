// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.session.IssuerConfig.Algorithm;
import dev.maglatch.session.SessionConfig.ThrottleConfig;
import dev.maglatch.settings.Settings;
import java.net.URI;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.PublicKey;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SessionConfigTest {
  @Test
  void nothingSetMeansTheDefaults() {
    assertThat(SessionConfig.read(Settings.empty().root().section("sessions")))
        .isEqualTo(SessionConfig.DEFAULT);
  }

  @Test
  void everyKeyIsReadFromText() {
    Settings settings =
        settings(
            Map.of(
                "MAGLATCH_SESSIONS_SIGNUP", "true",
                "MAGLATCH_SESSIONS_REFRESH_LIFETIME", "2d",
                "MAGLATCH_SESSIONS_COOKIE_LIFETIME", "3h",
                "MAGLATCH_SESSIONS_THROTTLE_PER_ACCOUNT", "4",
                "MAGLATCH_SESSIONS_THROTTLE_PER_ADDRESS", "5",
                "MAGLATCH_SESSIONS_THROTTLE_WINDOW", "6m",
                "MAGLATCH_SESSIONS_THROTTLE_DELAY_AFTER", "7",
                "MAGLATCH_SESSIONS_THROTTLE_MAX_DELAY", "8s",
                "MAGLATCH_SESSIONS_ISSUERS",
                    "[{issuer: 'https://id.test', jwks-url: 'https://id.test/jwks',"
                        + " audience: me, algorithm: es256, auto-provision: true}]"));

    SessionConfig config = SessionConfig.read(settings.root().section("sessions"));

    assertThat(settings.problems().lines()).isEmpty();
    assertThat(config)
        .isEqualTo(
            new SessionConfig(
                true,
                Duration.ofDays(2),
                Duration.ofHours(3),
                new ThrottleConfig(4, 5, Duration.ofMinutes(6), 7, Duration.ofSeconds(8)),
                List.of(
                    new IssuerConfig(
                        "https://id.test",
                        URI.create("https://id.test/jwks"),
                        null,
                        "me",
                        Algorithm.ES256,
                        true))));
  }

  @Test
  void publicKeyIsReadFromPem() throws NoSuchAlgorithmException {
    PublicKey key = KeyPairGenerator.getInstance("RSA").generateKeyPair().getPublic();
    String pem =
        "-----BEGIN PUBLIC KEY----- "
            + Base64.getEncoder().encodeToString(key.getEncoded())
            + " -----END PUBLIC KEY-----";
    Settings settings =
        settings(
            Map.of(
                "MAGLATCH_SESSIONS_ISSUERS",
                "[{issuer: i, audience: a, public-key: '" + pem + "'}]"));

    SessionConfig config = SessionConfig.read(settings.root().section("sessions"));

    assertThat(settings.problems().lines()).isEmpty();
    assertThat(config.issuers())
        .containsExactly(new IssuerConfig("i", null, key, "a", Algorithm.RS256, false));
  }

  @Test
  void everyFaultOfAnIssuerIsReported() {
    Settings settings =
        settings(
            Map.of(
                "MAGLATCH_SESSIONS_ISSUERS",
                "[{issuer: i, audience: a, jwks-url: 'ftp://x', algorithm: none},"
                    + " {issuer: i, jwks-url: 'https://x', public-key: junk}]"));

    SessionConfig.read(settings.root().section("sessions"));

    assertThat(String.join("\n", settings.problems().lines()))
        .contains("issuers[0].jwks-url: ftp://x (expected: http or https URL")
        .contains("issuers[0].algorithm: none (expected: RS256 or ES256)")
        .contains("issuers[1].audience")
        .contains("issuers[1].public-key: junk (expected: PEM text of a public key for RS256)")
        .contains("a URL here, or else a PEM key as public-key");
  }

  private static Settings settings(Map<String, String> environment) {
    return Settings.load(null, environment, Map.of());
  }
}
