// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.settings.Section;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What the public listener speaks.
 *
 * @param tls where its certificate is; null: plain text
 * @param http2 whether HTTP/2 is offered beside HTTP/1.1 in the TLS handshake
 * @param h2c whether it speaks HTTP/2 without TLS, and nothing else
 */
public record Protocols(@Nullable TlsFiles tls, boolean http2, boolean h2c) {
  /** HTTP/1.1 in plain text. */
  public static final Protocols DEFAULT = new Protocols(null, true, false);

  /**
   * A certificate chain, the listener's own first, and its private key, both in PEM.
   *
   * @param key PKCS#8, or as OpenSSL writes RSA and EC keys; without a password
   */
  public record TlsFiles(Path certificate, Path key) {}

  static Protocols read(Section http) {
    Section tls = http.section("tls");
    Path certificate = readFile(tls, "certificate");
    Path key = readFile(tls, "key");
    if (tls.has("certificate") != tls.has("key")) {
      tls.problem(tls.has("key") ? "certificate" : "key", "a readable PEM file beside the other");
    }
    boolean h2c = http.flag("h2c", DEFAULT.h2c);
    if (h2c && tls.has("certificate")) {
      http.problem("h2c", "false with http.tls, where HTTP/2 is offered by http.http2");
    }
    TlsFiles files = certificate == null || key == null ? null : new TlsFiles(certificate, key);
    return new Protocols(files, http.flag("http2", DEFAULT.http2), h2c);
  }

  private static @Nullable Path readFile(Section tls, String name) {
    String text = tls.text(name);
    if (text == null) {
      return null;
    }
    try {
      Path file = Path.of(text);
      if (Files.isReadable(file)) {
        return file;
      }
    } catch (InvalidPathException notAPath) {
      // said below
    }
    tls.problem(name, "a readable PEM file");
    return null;
  }
}
