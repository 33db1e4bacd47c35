// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import com.nimbusds.jose.JWSVerifier;
import dev.maglatch.fault.Fault;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The keys that an outside issuer publishes as a JWKS document. */
final class FetchedKeys implements KeySource {
  /*
   * One fetch at a time, and no more than the budget allows whatever names tokens invent. A set is
   * renewed in the background once it is older than RENEW_AFTER, so that a key that the issuer took
   * back goes here too; while the issuer cannot be reached the old set serves on, up to LONGEST_USE.
   */
  static final Duration RENEW_AFTER = Duration.ofMinutes(10);
  static final Duration LONGEST_USE = Duration.ofHours(24);
  private static final Duration FETCH_TIMEOUT = Duration.ofSeconds(5);
  private static final int MAX_BYTES = 256 * 1024;
  private static final Logger LOG = LoggerFactory.getLogger(FetchedKeys.class);

  private final Vertx vertx;
  private final HttpClient client;
  private final IssuerConfig config;
  private final LongSupplier nanoTime;
  private final SessionMetrics metrics;
  private final RequestOptions request;
  private final AtomicReference<@Nullable CompletableFuture<Fetched>> running =
      new AtomicReference<>();
  private final FetchBudget budget;
  private volatile @Nullable Fetched newest;
  private volatile boolean lastSucceeded;

  FetchedKeys(
      Vertx vertx,
      HttpClient client,
      IssuerConfig config,
      LongSupplier nanoTime,
      SessionMetrics metrics) {
    this.vertx = vertx;
    this.client = client;
    this.config = config;
    this.nanoTime = nanoTime;
    this.metrics = metrics;
    this.budget = new FetchBudget(nanoTime);
    this.request =
        new RequestOptions()
            .setMethod(HttpMethod.GET)
            .setAbsoluteURI(String.valueOf(config.jwksUrl()))
            .setFollowRedirects(false)
            .putHeader("Accept", "application/jwk-set+json, application/json")
            .setTimeout(FETCH_TIMEOUT.toMillis());
  }

  @Override
  public @Nullable List<JWSVerifier> known(@Nullable String kid) {
    Fetched fetched = usable();
    if (fetched == null) {
      return null;
    }
    if (age(fetched.nanos()) > RENEW_AFTER.toNanos() && running.get() == null && budget.take()) {
      Future<Fetched> unused = fetch();
    }
    List<JWSVerifier> named = fetched.keys().named(kid);
    return named.isEmpty() ? null : named;
  }

  @Override
  public Future<List<JWSVerifier>> find(@Nullable String kid) {
    List<JWSVerifier> named = known(kid);
    if (named != null) {
      return Future.succeededFuture(named);
    }
    CompletableFuture<Fetched> fetching = running.get();
    if (fetching != null) {
      return here(fetching).map(fetched -> fetched.keys().named(kid));
    }
    return budget.take() ? fetch().map(fetched -> fetched.keys().named(kid)) : lately(kid);
  }

  /** It is too early to ask again: what the last answer was decides. */
  private Future<List<JWSVerifier>> lately(@Nullable String kid) {
    Fetched fetched = usable();
    return fetched != null && lastSucceeded
        ? Future.succeededFuture(fetched.keys().named(kid))
        : Future.failedFuture(unavailable("not reachable a moment ago", null));
  }

  private @Nullable Fetched usable() {
    Fetched fetched = newest;
    return fetched != null && age(fetched.nanos()) <= LONGEST_USE.toNanos() ? fetched : null;
  }

  private long age(long nanos) {
    return nanoTime.getAsLong() - nanos;
  }

  /** Begins a fetch, or joins one that began at the same moment. */
  private Future<Fetched> fetch() {
    CompletableFuture<Fetched> mine = new CompletableFuture<>();
    CompletableFuture<Fetched> other = running.compareAndExchange(null, mine);
    if (other != null) {
      return here(other);
    }
    long began = nanoTime.getAsLong();
    request()
        .map(body -> new Fetched(KeySet.parse(body.toString(), config.algorithm()), began))
        .onSuccess(fetched -> succeed(mine, fetched))
        .onFailure(failure -> fail(mine, failure));
    return here(mine);
  }

  private Future<Fetched> here(CompletableFuture<Fetched> fetching) {
    return Future.fromCompletionStage(fetching, vertx.getOrCreateContext());
  }

  private void succeed(CompletableFuture<Fetched> mine, Fetched fetched) {
    newest = fetched;
    lastSucceeded = true;
    metrics.keySetFetched(true);
    running.set(null);
    mine.complete(fetched);
  }

  private void fail(CompletableFuture<Fetched> mine, Throwable failure) {
    lastSucceeded = false;
    metrics.keySetFetched(false);
    LOG.warn("issuer keys not fetched: issuer={} reason={}", config.issuer(), failure.toString());
    running.set(null);
    mine.completeExceptionally(unavailable(failure.toString(), failure));
  }

  private Future<Buffer> request() {
    return client
        .request(request)
        .compose(
            sent ->
                sent.send()
                    .compose(FetchedKeys::body)
                    .timeout(FETCH_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                    .onFailure(failed -> sent.reset()));
  }

  private static Future<Buffer> body(HttpClientResponse response) {
    response.exceptionHandler(broken -> {}); // the future tells of it
    if (response.statusCode() != 200) {
      return Future.failedFuture(
          new IllegalStateException("status " + response.statusCode() + " (expected: 200)"));
    }
    Buffer body = Buffer.buffer();
    response.handler(
        chunk -> {
          if (body.length() <= MAX_BYTES) {
            body.appendBuffer(chunk);
          }
          if (body.length() > MAX_BYTES) {
            response.request().reset();
          }
        });
    return response
        .end()
        .compose(
            end ->
                body.length() > MAX_BYTES
                    ? Future.failedFuture(new IllegalStateException("more than 256 KiB"))
                    : Future.succeededFuture(body));
  }

  private Fault unavailable(String reason, @Nullable Throwable cause) {
    return Fault.of(
        Fault.Code.STORE_UNAVAILABLE, "keys of " + config.issuer() + ": " + reason, cause);
  }

  /** A key set and when its fetch began. */
  private record Fetched(KeySet keys, long nanos) {}
}
