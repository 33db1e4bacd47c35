// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.maglatch.secret.Secret;
import dev.maglatch.settings.Section;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How a server behind TLS is known, and how the gateway is known to it. Every certificate is
 * verified, its name too: there is no way to switch that off.
 *
 * <p>The texts are the files' contents, not their names: a renewed file makes another record, and
 * so new connections.
 *
 * @param authorities PEM; null takes those of the JDK
 * @param certificate PEM of the gateway's own, for servers that ask; set if {@code key} is
 * @param key PEM (PKCS #8) of the private key to it
 * @param serverName that certificates must carry, and that is asked for (SNI); null takes the host
 *     of the URL
 */
public record UpstreamTls(
    @Nullable String authorities,
    @Nullable String certificate,
    @Nullable Secret key,
    @Nullable String serverName) {
  private static final Pattern PRIVATE_KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----(.*?)-----END PRIVATE KEY-----", Pattern.DOTALL);
  private static final byte[] PROBE = {1, 2, 3};

  private static final List<String> KEYS = List.of("ca", "certificate", "key", "server-name");

  static final UpstreamTls DEFAULT = new UpstreamTls(null, null, null, null);

  static UpstreamTls read(Section tls) {
    String authorities = readCertificates(tls, "ca");
    String certificate = readCertificates(tls, "certificate");
    String key = readFile(tls, "key", "a readable file with a private key in PEM (PKCS #8)");
    if (tls.has("certificate") != tls.has("key")) {
      tls.problem(tls.has("key") ? "certificate" : "key", "set, since the other one is");
    } else if (certificate != null && key != null && !belongTogether(certificate, key)) {
      tls.problem("key", "the private key to tls.certificate, in PEM (PKCS #8)");
    }
    String serverName = tls.text("server-name");
    if (serverName != null && !HostRules.isName(serverName)) {
      tls.problem("server-name", "a host name without port");
    }
    return new UpstreamTls(
        authorities, certificate, key == null ? null : new Secret(key), serverName);
  }

  /** Notes each key that is set as a problem: there is no server that it could be about. */
  static void refuse(Section tls) {
    KEYS.stream()
        .filter(tls::has)
        .forEach(key -> tls.problem(key, "not set where no target is https"));
  }

  private static @Nullable String readCertificates(Section tls, String key) {
    String expected = "a readable file of certificates in PEM";
    String pem = readFile(tls, key, expected);
    if (pem == null || areCertificates(pem)) {
      return pem;
    }
    tls.problem(key, expected);
    return null;
  }

  private static @Nullable String readFile(Section tls, String key, String expected) {
    String file = tls.text(key);
    if (file == null) {
      return null;
    }
    try {
      return Files.readString(Path.of(file));
    } catch (IOException | InvalidPathException unreadable) {
      tls.problem(key, expected);
      return null;
    }
  }

  private static boolean areCertificates(String pem) {
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      return !factory.generateCertificates(stream(pem)).isEmpty();
    } catch (CertificateException notCertificates) {
      return false;
    }
  }

  private static boolean belongTogether(String certificate, String key) {
    try {
      PublicKey open =
          CertificateFactory.getInstance("X.509")
              .generateCertificate(stream(certificate))
              .getPublicKey();
      KeyFactory keys = KeyFactory.getInstance(open.getAlgorithm());
      PrivateKey own = keys.generatePrivate(new PKCS8EncodedKeySpec(decoded(key)));
      return verifies(open, own);
    } catch (GeneralSecurityException | IllegalArgumentException wrong) {
      return false;
    }
  }

  private static byte[] decoded(String key) {
    Matcher pem = PRIVATE_KEY.matcher(key);
    if (!pem.find()) {
      throw new IllegalArgumentException("no private key");
    }
    return Base64.getMimeDecoder().decode(pem.group(1));
  }

  /** Whether what one key signs is good for the other. */
  private static boolean verifies(PublicKey open, PrivateKey own) throws GeneralSecurityException {
    Signature signature = Signature.getInstance(signatureOf(open.getAlgorithm()));
    signature.initSign(own);
    signature.update(PROBE);
    byte[] signed = signature.sign();
    signature.initVerify(open);
    signature.update(PROBE);
    return signature.verify(signed);
  }

  private static String signatureOf(String algorithm) {
    return switch (algorithm) {
      case "RSA" -> "SHA256withRSA";
      case "EC" -> "SHA256withECDSA";
      default -> algorithm; // EdDSA signs under its own name
    };
  }

  private static ByteArrayInputStream stream(String pem) {
    return new ByteArrayInputStream(pem.getBytes(UTF_8));
  }
}
