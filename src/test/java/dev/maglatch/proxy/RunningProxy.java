// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.http.Cors;
import dev.maglatch.http.RequestIds;
import dev.maglatch.http.TrustedProxies;
import dev.maglatch.key.KeyKind;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.Principal;
import dev.maglatch.limit.KeyLimits;
import dev.maglatch.limit.WindowLimits;
import dev.maglatch.verify.CredentialVerifier;
import dev.maglatch.verify.StreamVerifier;
import dev.maglatch.verify.Verdict;
import dev.maglatch.verify.Watch;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The data plane alone, on a free port and usually one event loop, with credentials made up by a
 * test.
 */
final class RunningProxy implements AutoCloseable {
  static final UUID KEY = UUID.fromString("00000000-0000-0000-0000-00000000000a");
  static final UUID ACCOUNT = UUID.fromString("00000000-0000-0000-0000-00000000000b");
  static final UUID ORGANIZATION = UUID.fromString("00000000-0000-0000-0000-00000000000c");

  private final Vertx vertx;
  private final AtomicInteger port = new AtomicInteger();
  private final String deployment;
  final Entrance entrance;
  final LiveRoutes routes;
  final Credentials credentials = new Credentials();
  final List<AccessLog.Entry> log = new CopyOnWriteArrayList<>();
  final List<UUID> used = new CopyOnWriteArrayList<>();

  RunningProxy(Route... routes) {
    this(new ProxyConfig(List.of(routes), List.of(), ProxyConfig.Pool.DEFAULT));
  }

  RunningProxy(ProxyConfig config) {
    this(config, ListenerConfig.DEFAULT, UnaryOperator.identity());
  }

  RunningProxy(ProxyConfig config, ListenerConfig listener, UnaryOperator<ProxyParts> change) {
    this(Vertx.vertx(), config, listener, change);
  }

  /** Takes {@code vertx} over: it is closed with the proxy. */
  RunningProxy(
      Vertx vertx, ProxyConfig config, ListenerConfig listener, UnaryOperator<ProxyParts> change) {
    this(vertx, config, listener, change, 1);
  }

  private RunningProxy(
      Vertx vertx,
      ProxyConfig config,
      ListenerConfig listener,
      UnaryOperator<ProxyParts> change,
      int loops) {
    this.vertx = vertx;
    routes = new LiveRoutes(config);
    ProxyParts parts = change.apply(parts());
    ListenerConfig anyPort = onAnyPort(listener);
    entrance = new Entrance(certificate(listener), port::set);
    deployment =
        await(
            vertx.deployVerticle(
                () -> new ProxyVerticle(anyPort, entrance, routes, parts),
                new DeploymentOptions().setInstances(loops)));
  }

  /** On several event loops. */
  static RunningProxy onLoops(int loops, ProxyConfig config, ListenerConfig listener) {
    return new RunningProxy(Vertx.vertx(), config, listener, UnaryOperator.identity(), loops);
  }

  /** On another listener than usual. */
  static RunningProxy listening(ListenerConfig listener, Route... routes) {
    return new RunningProxy(
        new ProxyConfig(List.of(routes), List.of(), ProxyConfig.Pool.DEFAULT),
        listener,
        UnaryOperator.identity());
  }

  private @Nullable ServerCertificate certificate(ListenerConfig listener) {
    Protocols.TlsFiles files = listener.protocols().tls();
    try {
      return files == null ? null : ServerCertificate.load(vertx, files);
    } catch (IOException | GeneralSecurityException bad) {
      throw new AssertionError(bad);
    }
  }

  private ProxyParts parts() {
    KeyUse use = (keyId, atMillis, address, userAgent) -> used.add(keyId);
    return parts(credentials, use, log::add);
  }

  /** Returns a loop without a server, to be made on its thread. */
  static Loop loop(Vertx vertx) {
    ProxyParts parts = parts(new Credentials(), (key, at, address, agent) -> {}, AccessLog.NONE);
    RequestBound requests = new RequestBound(1, new AtomicInteger());
    return new Loop(vertx, ListenerConfig.DEFAULT, requests, TrustedProxies.NONE, parts);
  }

  private static ProxyParts parts(Credentials credentials, KeyUse use, AccessLog log) {
    return new ProxyParts(
        credentials,
        KeyLimits.NONE,
        new WindowLimits(() -> 1, System::nanoTime),
        text -> text.equals("own.session.token"),
        use,
        OwnRoutes.NONE,
        Cors.OFF,
        new RequestIds(new Random(1)),
        ProxyMetrics.NONE,
        log,
        InstantSource.system(),
        System::nanoTime);
  }

  private static ListenerConfig onAnyPort(ListenerConfig from) {
    return Listeners.leaving(
        from.at("127.0.0.1", 0),
        from.drainDelay().equals(ListenerConfig.DEFAULT.drainDelay())
            ? Duration.ZERO
            : from.drainDelay());
  }

  /** Everything goes to {@code upstream}, and no credential is read. */
  static Route open(UpstreamServer upstream) {
    return with(Route.catchAll(upstream.address()), Auth.NONE, Set.of());
  }

  static Route with(Route route, Auth auth, Set<String> scopes) {
    return Routes.with(route, new RouteAccess(auth, scopes, CredentialVerifier.AS_CONFIGURED));
  }

  static Route with(Route route, Duration head, Duration idle) {
    return Routes.with(route, new Route.Timeouts(Duration.ofSeconds(1), head, idle));
  }

  static Route with(Route route, long maxBodyBytes) {
    return Routes.with(route, maxBodyBytes);
  }

  private static ProxyParts copy(
      ProxyParts parts,
      KeyLimits limits,
      OwnRoutes ownRoutes,
      Cors cors,
      ProxyMetrics metrics,
      InstantSource clock,
      LongSupplier nanoTime) {
    return new ProxyParts(
        parts.verifier(),
        limits,
        parts.windows(),
        parts.ownSession(),
        parts.use(),
        ownRoutes,
        cors,
        parts.requestIds(),
        metrics,
        parts.accessLog(),
        clock,
        nanoTime);
  }

  static ProxyParts with(ProxyParts parts, Cors cors, OwnRoutes ownRoutes) {
    return copy(
        parts, parts.limits(), ownRoutes, cors, parts.metrics(), parts.clock(), parts.nanoTime());
  }

  /** The same at another time. */
  static ProxyParts at(ProxyParts parts, InstantSource clock) {
    return copy(
        parts,
        parts.limits(),
        parts.ownRoutes(),
        parts.cors(),
        parts.metrics(),
        clock,
        parts.nanoTime());
  }

  /** The same by another monotonic clock. */
  static ProxyParts ticking(ProxyParts parts, LongSupplier nanoTime) {
    return copy(
        parts,
        parts.limits(),
        parts.ownRoutes(),
        parts.cors(),
        parts.metrics(),
        parts.clock(),
        nanoTime);
  }

  static ProxyParts with(ProxyParts parts, ProxyMetrics metrics) {
    return copy(
        parts,
        parts.limits(),
        parts.ownRoutes(),
        parts.cors(),
        metrics,
        parts.clock(),
        parts.nanoTime());
  }

  static ProxyParts limiting(ProxyParts parts, KeyLimits limits) {
    return copy(
        parts,
        limits,
        parts.ownRoutes(),
        parts.cors(),
        parts.metrics(),
        parts.clock(),
        parts.nanoTime());
  }

  int port() {
    return port.get();
  }

  Wire connect() throws IOException {
    return Wire.to(port());
  }

  /** Begins with the health checks of upstreams. */
  RunningProxy checking() {
    await(vertx.deployVerticle(new HealthChecks(routes, ProxyMetrics.NONE, new Random(1))));
    return this;
  }

  /** Begins to stop; completes when drained. */
  Future<Void> stop() {
    return vertx.undeploy(deployment);
  }

  @Override
  public void close() {
    await(vertx.close());
  }

  static <T> T await(Future<T> future) {
    try {
      return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    } catch (Exception failure) {
      throw new AssertionError(failure);
    }
  }

  static Principal principal(KeyKind kind, String... scopes) {
    return new Principal(
        Principal.Method.API_KEY,
        KEY,
        kind,
        ACCOUNT,
        ORGANIZATION,
        null,
        Set.of(scopes),
        List.of(),
        null,
        true,
        KeyPolicy.NONE);
  }

  /** Verdicts by credential: at once, or as if the store had been asked. */
  static final class Credentials implements StreamVerifier {
    private final Map<String, Verdict> known = new ConcurrentHashMap<>();
    private final Map<String, Future<Verdict>> stored = new ConcurrentHashMap<>();

    void at(String credential, Verdict verdict) {
      known.put(credential, verdict);
    }

    void forget(String credential) {
      known.remove(credential);
    }

    void later(String credential, Future<Verdict> verdict) {
      stored.put(credential, verdict);
    }

    @Override
    public @Nullable Verdict decideNow(
        String credential, String clientAddress, long maxStaleNanos) {
      return stored.containsKey(credential)
          ? null
          : known.getOrDefault(credential, Verdict.UNKNOWN);
    }

    @Override
    public Future<Verdict> decide(String credential, String clientAddress, long maxStaleNanos) {
      Future<Verdict> verdict = stored.get(credential);
      return verdict == null ? Future.succeededFuture(Verdict.UNKNOWN) : verdict;
    }

    @Override
    public Watch watch(String credential, long maxStaleNanos) {
      return new FakeWatch(() -> known.get(credential), () -> stored.get(credential));
    }
  }
}
