// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.TrustOptions;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.SslMode;
import java.net.URLDecoder;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * How connections to PostgreSQL are encrypted: {@code sslmode} and {@code sslrootcert} of a URL
 * mean what they mean to libpq, but where no authorities are named, those of the JDK are trusted.
 */
final class DatabaseTls {
  private static final Pattern AUTHORITIES = Pattern.compile("[?&]sslrootcert=([^&]+)");

  private DatabaseTls() {}

  /** Whether the file of authorities can be read, if one is named. */
  static boolean isComplete(String url) {
    String authorities = authorities(url);
    try {
      return authorities == null || Files.isReadable(Path.of(authorities));
    } catch (InvalidPathException notAPath) {
      return false;
    }
  }

  /** Completes what Vert.x has {@code read} of {@code url}. */
  static void complete(String url, PgConnectOptions read) {
    String authorities = authorities(url);
    SslMode mode = read.getSslMode();
    if (mode == SslMode.DISABLE) {
      return;
    }
    boolean verified =
        authorities != null || mode == SslMode.VERIFY_CA || mode == SslMode.VERIFY_FULL;
    ClientSSLOptions tls =
        new ClientSSLOptions()
            .setTrustAll(!verified)
            .setHostnameVerificationAlgorithm(mode == SslMode.VERIFY_FULL ? "HTTPS" : "");
    if (verified) {
      tls.setTrustOptions(
          authorities == null ? ofTheJdk() : new PemTrustOptions().addCertPath(authorities));
    }
    read.setSslOptions(tls);
  }

  /** Returns {@code url} as pgjdbc, whose defaults are others, means the same by it. */
  static String forJdbc(String url) {
    if (authorities(url) != null) {
      return url.replaceFirst("(?<=[?&])sslmode=require\\b", "sslmode=verify-ca");
    }
    return url.matches(".*[?&]sslmode=verify-(ca|full)\\b.*")
        ? url + "&sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory"
        : url;
  }

  /** Returns the file that is named; null if none is. */
  private static @Nullable String authorities(String url) {
    Matcher named = AUTHORITIES.matcher(url);
    return named.find() ? URLDecoder.decode(named.group(1), UTF_8) : null;
  }

  private static TrustOptions ofTheJdk() {
    try {
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init((KeyStore) null);
      return TrustOptions.wrap(factory);
    } catch (GeneralSecurityException missing) {
      throw new IllegalStateException("the JDK trusts no authorities", missing);
    }
  }
}
