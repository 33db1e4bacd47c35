// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jwt.SignedJWT;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.PoolOptions;
import java.security.PublicKey;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The outside issuers whose JWTs count as sessions, by the text of {@code iss}. */
public final class OutsideIssuers {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);
  private static final Duration IDLE_TIMEOUT = Duration.ofSeconds(10);
  private static final int MAX_WAITING = 16;

  private final Map<String, Issuer> issuers;

  private OutsideIssuers(Map<String, Issuer> issuers) {
    this.issuers = Map.copyOf(issuers);
  }

  /** For a gateway that accepts its own sessions only. */
  public static OutsideIssuers none() {
    return new OutsideIssuers(Map.of());
  }

  /** Nothing is fetched before the first token of an issuer comes. */
  public static OutsideIssuers of(
      Vertx vertx, List<IssuerConfig> configs, LongSupplier nanoTime, SessionMetrics metrics) {
    if (configs.isEmpty()) {
      return none();
    }
    HttpClient client = vertx.createHttpClient(clientOptions(), poolOptions());
    Map<String, Issuer> issuers = new HashMap<>();
    for (IssuerConfig config : configs) {
      PublicKey key = config.publicKey();
      KeySource keys =
          key != null
              ? KeySource.fixed(KeySet.verifier(key, config.algorithm()))
              : new FetchedKeys(vertx, client, config, nanoTime, metrics);
      issuers.put(config.issuer(), new Issuer(config, keys));
    }
    return new OutsideIssuers(issuers);
  }

  @Nullable Issuer named(String issuer) {
    return issuers.get(issuer);
  }

  private static HttpClientOptions clientOptions() {
    return new HttpClientOptions()
        .setSsl(true) // each request says whether it uses it
        .setVerifyHost(true)
        .setConnectTimeout((int) CONNECT_TIMEOUT.toMillis())
        .setIdleTimeoutUnit(TimeUnit.MILLISECONDS)
        .setIdleTimeout((int) IDLE_TIMEOUT.toMillis())
        .setMaxRedirects(0);
  }

  private static PoolOptions poolOptions() {
    return new PoolOptions().setHttp1MaxSize(1).setMaxWaitQueueSize(MAX_WAITING);
  }

  /** One issuer and where its keys come from. */
  record Issuer(IssuerConfig config, KeySource keys) {
    /** Whether {@code jwt} uses the issuer's one algorithm. */
    boolean speaks(SignedJWT jwt) {
      return config.algorithm().name().equals(jwt.getHeader().getAlgorithm().getName());
    }

    boolean signed(SignedJWT jwt, List<JWSVerifier> candidates) {
      for (JWSVerifier candidate : candidates) {
        try {
          if (jwt.verify(candidate)) {
            return true;
          }
        } catch (JOSEException | IllegalStateException refused) {
          // a header that we do not understand, or a signature that cannot be one
        }
      }
      return false;
    }
  }
}
