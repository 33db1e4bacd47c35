// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import dev.maglatch.settings.Section;
import java.net.URI;
import java.net.URISyntaxException;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One outside issuer. Exactly one of {@code jwksUrl} and {@code publicKey} is set.
 *
 * @param issuer the exact text of {@code iss}
 * @param audience must be among the values of {@code aud}
 * @param algorithm the only one accepted
 * @param autoProvision whether an unseen subject gets an account
 */
public record IssuerConfig(
    String issuer,
    @Nullable URI jwksUrl,
    @Nullable PublicKey publicKey,
    String audience,
    Algorithm algorithm,
    boolean autoProvision) {

  /** How an outside issuer signs. */
  public enum Algorithm {
    RS256("RSA"),
    ES256("EC");

    private final String family;

    Algorithm(String family) {
      this.family = family;
    }
  }

  /** Reads one of {@code sessions.issuers}; empty, with problems noted, if it cannot be used. */
  static Optional<IssuerConfig> read(Section section, Set<String> seen) {
    String issuer = required(section, "issuer");
    String audience = required(section, "audience");
    Algorithm algorithm = algorithm(section);
    URI jwksUrl = jwksUrl(section);
    PublicKey publicKey = publicKey(section, algorithm);
    boolean autoProvision = section.flag("auto-provision", false);
    if (section.has("jwks-url") == section.has("public-key")) {
      section.problem("jwks-url", "a URL here, or else a PEM key as public-key");
      return Optional.empty();
    }
    if (!issuer.isEmpty() && !seen.add(issuer)) {
      section.problem("issuer", "one that is not listed twice");
    }
    return Optional.of(
        new IssuerConfig(issuer, jwksUrl, publicKey, audience, algorithm, autoProvision));
  }

  private static String required(Section section, String key) {
    String text = section.text(key);
    if (text == null) {
      section.problem(key, "a value");
      return "";
    }
    return text;
  }

  private static Algorithm algorithm(Section section) {
    String text = section.text("algorithm", Algorithm.RS256.name());
    try {
      return Algorithm.valueOf(text.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException unknown) {
      section.problem("algorithm", "RS256 or ES256");
      return Algorithm.RS256;
    }
  }

  private static @Nullable URI jwksUrl(Section section) {
    String text = section.text("jwks-url");
    if (text == null) {
      return null;
    }
    try {
      URI url = new URI(text);
      boolean http = "https".equals(url.getScheme()) || "http".equals(url.getScheme());
      if (http && url.getHost() != null && url.getUserInfo() == null) {
        return url;
      }
    } catch (URISyntaxException notAUrl) {
      // the same complaint
    }
    section.problem("jwks-url", "http or https URL without credentials");
    return null;
  }

  private static @Nullable PublicKey publicKey(Section section, Algorithm algorithm) {
    String text = section.text("public-key");
    if (text == null) {
      return null;
    }
    try {
      String base64 = text.replaceAll("-----(BEGIN|END) PUBLIC KEY-----", "").replaceAll("\\s", "");
      byte[] der = Base64.getDecoder().decode(base64);
      return KeyFactory.getInstance(algorithm.family).generatePublic(new X509EncodedKeySpec(der));
    } catch (IllegalArgumentException | GeneralSecurityException notAKey) {
      section.problem("public-key", "PEM text of a public key for " + algorithm);
      return null;
    }
  }
}
