// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static java.util.concurrent.TimeUnit.SECONDS;

import dev.maglatch.api.docs.Docs;
import dev.maglatch.api.events.EventIntake;
import dev.maglatch.cluster.ChangeFeed.Member;
import dev.maglatch.cluster.Lease.Standing;
import dev.maglatch.config.ConfigSource;
import dev.maglatch.config.GatewayConfig;
import dev.maglatch.config.ListenAddress;
import dev.maglatch.config.LogConfig.Format;
import dev.maglatch.config.WatchedFile;
import dev.maglatch.dashboard.Dashboard;
import dev.maglatch.fault.StartFailure;
import dev.maglatch.ops.AccessLines;
import dev.maglatch.ops.LogFormat;
import dev.maglatch.ops.Metrics;
import dev.maglatch.ops.OpsConfig;
import dev.maglatch.ops.OpsRoute;
import dev.maglatch.ops.OpsServer;
import dev.maglatch.ops.Readiness;
import dev.maglatch.postgres.DatabaseAddress;
import dev.maglatch.postgres.DatabaseConfig;
import dev.maglatch.postgres.Migrations;
import dev.maglatch.postgres.SchemaVersion;
import dev.maglatch.postgres.SecretFingerprints;
import dev.maglatch.proxy.AccessLog;
import dev.maglatch.proxy.Entrance;
import dev.maglatch.proxy.HealthChecks;
import dev.maglatch.proxy.ListenerConfig;
import dev.maglatch.proxy.LiveRoutes;
import dev.maglatch.proxy.Protocols.TlsFiles;
import dev.maglatch.proxy.ProxyConfig;
import dev.maglatch.proxy.ProxyParts;
import dev.maglatch.proxy.ProxyVerticle;
import dev.maglatch.proxy.ServerCertificate;
import dev.maglatch.session.OneTimeLink;
import dev.maglatch.settings.Settings;
import dev.maglatch.webhook.EventStore;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.dns.AddressResolverOptions;
import io.vertx.core.file.FileSystemOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One gateway, from its first listener to its last: the order of start and stop.
 *
 * <p>Waits for a database that is not there; everything else that keeps it from starting fails the
 * start, and what was started is stopped again.
 */
public final class Gateway {
  private static final Logger log = LoggerFactory.getLogger(Gateway.class);
  private static final long DATABASE_RETRY_MILLIS = 1_000;
  private static final Duration STOP_MARGIN = Duration.ofSeconds(3);
  private static final long VERTX_CLOSE_SECONDS = 3;

  /** What the steps of a stop take together at most, beside what is set. */
  private static final Duration REST_OF_STOP = Duration.ofSeconds(45);

  private static final long STANDING_CHECK_MILLIS = 500;

  /** However long a name server allows, what it said of a name counts no longer than this. */
  private static final int MAX_NAME_AGE_SECONDS = 30;

  /** Vert.x: one free port for all servers that ask by this number; the public ones ask by -1. */
  private static final int ANY_OTHER_PORT = -2;

  private static final long CERTIFICATE_CHECK_MILLIS = 1_000;
  private static final long CLEAN_UP_MILLIS = 300_000;

  private final GatewayConfig config;
  private final @Nullable Reloading reloading;
  private final LiveRoutes routes;
  private final Vertx vertx;

  /**
   * For work that no request waits for: the operations listener with the events that come there,
   * webhooks, and the writing of usage. With one event loop of its own: however busy it is, those
   * that serve requests do nothing for it.
   */
  private final Vertx background;

  private final Readiness readiness = new Readiness();
  private final Metrics metrics;
  private final Lifecycle lifecycle = new Lifecycle();

  /** Without a context, since it completes when there is no Vert.x left to run handlers on. */
  private final Promise<Void> stopped = Promise.promise();

  private final Member me = self();
  private final AtomicBoolean stopping = new AtomicBoolean();

  /** Deployments of listeners. */
  private final Queue<String> servers = new ConcurrentLinkedQueue<>();

  /** Null until the database is known to be ours. */
  private volatile @Nullable EventStore events;

  /** Null in plain text. */
  private volatile @Nullable ServerCertificate certificate;

  /** Null until there are sessions, and without a dashboard. */
  private volatile @Nullable OneTimeLink link;

  private volatile int httpPort;
  private volatile int opsPort;
  private volatile int managementPort;
  private volatile @Nullable RouteReload reload;
  private String waitingFor = "";

  /**
   * Makes a gateway that does nothing yet.
   *
   * @param version of this build, for metrics
   */
  public Gateway(GatewayConfig config, String version) {
    this(config, version, null);
  }

  /**
   * Makes a gateway that does nothing yet, and reads its routes again when they change.
   *
   * @param source null to read nothing again
   */
  public Gateway(GatewayConfig config, String version, @Nullable Reloading source) {
    this.config = config;
    this.reloading = source;
    this.routes = new LiveRoutes(config.proxy());
    if (config.log().format() == Format.JSON) {
      LogFormat.json();
    }
    this.vertx =
        Vertx.builder()
            .with(options(config.eventLoops().count()))
            .withTransport(config.eventLoops().transport().transport())
            .build();
    this.background = Vertx.vertx(options(1).setWorkerPoolSize(1).setInternalBlockingPoolSize(2));
    this.metrics = new Metrics(version, readiness);
    metrics.watchCertificate(this::certificateExpiry);
  }

  /**
   * Lets requests go first where they share a core with this thread. A JVM on Linux does so with
   * {@code -XX:ThreadPriorityPolicy=1} alone. A thread inherits the priority of the one that makes
   * it, so this is for when those that serve requests are there.
   */
  @SuppressWarnings("ThreadPriorityCheck") // it changes how long a request waits, and no outcome
  private static void giveWay() {
    Thread.currentThread().setPriority(Thread.MIN_PRIORITY);
  }

  /**
   * Starts; completes when requests are served. Fails with a {@link StartFailure} where it can say
   * why.
   */
  public Future<Gateway> start() {
    Promise<Gateway> started = Promise.promise(); // without a context: see stop()
    startOps()
        .compose(listening -> prepare())
        .compose(this::join)
        .compose(parts -> loadCertificate().compose(read -> openServers(parts)))
        .onSuccess(open -> readiness.ready())
        .onSuccess(open -> background.runOnContext(here -> giveWay()))
        .onSuccess(open -> started.complete(this))
        .onFailure(failure -> stop().onComplete(stopped -> started.fail(failure)));
    return started.future();
  }

  /**
   * Returns how long {@link #stop} may take with these settings: everything in hand may take all
   * the time that it is given, and then whatever hangs is left behind.
   */
  public static Duration longestStop(GatewayConfig config) {
    ListenerConfig http = config.http().listener();
    return http.drainDelay()
        .plus(http.drainTimeout())
        .plus(config.webhooks().timeout())
        .plus(config.usage().flushTimeout())
        .plus(REST_OF_STOP);
  }

  /**
   * Stops everything in reverse: no new traffic, drain, webhooks, feed, last usage, pool, and
   * Vert.x itself. Never fails. A second call completes with the first.
   */
  public Future<Void> stop() {
    readiness.draining();
    if (stopping.compareAndSet(false, true)) {
      lifecycle.stopAll().onComplete(done -> closeVertx());
    }
    return stopped.future();
  }

  /** A connection that a silent database never completes can keep Vert.x from closing. */
  private void closeVertx() {
    background
        .close()
        .transform(closed -> vertx.close())
        .onComplete(closed -> stopped.tryComplete());
    CompletableFuture.delayedExecutor(VERTX_CLOSE_SECONDS, SECONDS).execute(stopped::tryComplete);
  }

  /**
   * Reads the routes again, and takes them over if they are valid. Completes when that is done, at
   * once if this gateway reads nothing again or does not serve yet. Never fails.
   */
  public Future<Void> reload() {
    RouteReload watching = reload;
    return watching == null ? Future.succeededFuture() : watching.now("signal");
  }

  /**
   * Where the settings of a gateway come from.
   *
   * @param used those that it starts with
   * @param file watched since they were read, since a start can take long; null if there is none
   */
  public record Reloading(ConfigSource source, Settings used, @Nullable WatchedFile file) {
    /** Returns the source of settings that were read just now. Blocks. */
    public static Reloading from(ConfigSource source, Settings used) {
      Path file = source.file();
      return new Reloading(source, used, file == null ? null : new WatchedFile(file));
    }
  }

  /** Returns the port of the public listener; 0 before it listens. */
  public int httpPort() {
    return httpPort;
  }

  /** Returns the port of the own routes' listener; 0 if they have none of their own. */
  public int managementPort() {
    return managementPort;
  }

  /** Returns the port of the operations listener; 0 before it listens. */
  public int opsPort() {
    return opsPort;
  }

  /**
   * Returns the path, below the own routes' origin, of a page that signs {@code account} in, once
   * and for 30 minutes; null before the gateway serves, and without a dashboard.
   */
  public @Nullable String offerLink(UUID account) {
    OneTimeLink open = link;
    return open == null ? null : Dashboard.BASE + "/welcome?token=" + open.offer(account).reveal();
  }

  private Future<Void> startOps() {
    OpsServer ops = opsServer();
    return ops.start()
        .onSuccess(port -> opsPort = port)
        .onSuccess(port -> lifecycle.started("ops", ops::stop))
        .mapEmpty();
  }

  /** Returns a server that does not listen yet. */
  OpsServer opsServer() {
    Docs docs = new Docs(background, Editions.ops(config));
    EventIntake intake = new EventIntake(background, config.eventsToken(), () -> events);
    return new OpsServer(
        background,
        vertx,
        new OpsConfig(config.ops().host(), config.ops().port()),
        readiness,
        metrics,
        Stream.concat(
                Stream.of(Docs.OPENAPI, Docs.PAGE, Docs.ASSETS)
                    .map(path -> OpsRoute.get(path, docs::answer)),
                Stream.of(OpsRoute.post(EventIntake.PATH, intake::answer)))
            .toList());
  }

  /**
   * Makes the parts while the database is on its way to an answer: a start is that much shorter.
   */
  private Future<Parts> prepare() {
    Future<Void> schema = awaitSchema();
    Parts parts = new Parts(vertx, background, config, metrics, accessLog(), me);
    lifecycle.started("database", parts::close);
    return schema.map(parts);
  }

  /** Migrates only when behind, and waits for a database that does not answer. */
  private Future<Void> awaitSchema() {
    DatabaseConfig database = config.database();
    return SchemaVersion.read(
            vertx, database.requireAddress().connectOptions(), database.connectTimeout())
        .compose(applied -> applied < SchemaVersion.LATEST ? migrate() : Future.succeededFuture())
        .recover(this::retrySchema);
  }

  private Future<Void> retrySchema(Throwable failure) {
    if (failure instanceof StartFailure || lifecycle.stopping()) {
      return Future.failedFuture(failure);
    }
    if (!waitingFor.equals(failure.toString())) {
      waitingFor = failure.toString();
      log.warn("waiting for the database reason={}", waitingFor);
    }
    readiness.waitingFor("database");
    return vertx.timer(DATABASE_RETRY_MILLIS).mapEmpty().compose(slept -> awaitSchema());
  }

  private Future<Void> migrate() {
    DatabaseConfig database = config.database();
    DatabaseAddress stronger = database.migrationAddress();
    DatabaseAddress address = stronger == null ? database.requireAddress() : stronger;
    return vertx
        .executeBlocking(() -> Migrations.apply(address))
        .onSuccess(steps -> log.info("schema migrated steps={}", steps))
        .mapEmpty();
  }

  /** Checks that these are the database's secrets, then takes a lease. */
  private Future<Parts> join(Parts parts) {
    parts.watched(); // not before: a lease that nobody has asked for is not lost
    lifecycle.started(
        "usage", config.usage().flushTimeout().plus(STOP_MARGIN), parts.usage()::stop);
    return new SecretFingerprints(parts.management().database().pool())
        .check(config.secrets().require())
        .compose(
            known -> {
              parts.usage().start();
              lifecycle.started("lease", parts.replica()::stop); // rule 6: after the servers
              return parts.replica().start();
            })
        .map(
            leased -> {
              events = parts.events();
              link = config.dashboard() ? parts.link() : null;
              startWebhooks(parts);
              return parts;
            });
  }

  private void startWebhooks(Parts parts) {
    Deliveries deliveries = new Deliveries(background, config, me.id(), parts, metrics.webhooks());
    lifecycle.started("webhooks", deliveries.stopTimeout().plus(STOP_MARGIN), deliveries::stop);
    deliveries.start();
  }

  /** Reads the listener's certificate, and from now on once a second. */
  private Future<Void> loadCertificate() {
    TlsFiles files = config.http().listener().protocols().tls();
    if (files == null) {
      return Future.succeededFuture();
    }
    return vertx
        .executeBlocking(() -> ServerCertificate.load(vertx, files))
        .recover(
            bad ->
                Future.failedFuture(
                    new StartFailure("http.tls: no good certificate: " + bad.getMessage())))
        .onSuccess(this::watchCertificate)
        .mapEmpty();
  }

  private void watchCertificate(ServerCertificate loaded) {
    certificate = loaded;
    vertx.setPeriodic(CERTIFICATE_CHECK_MILLIS, tick -> vertx.executeBlocking(() -> again(loaded)));
  }

  private long certificateExpiry() {
    ServerCertificate shown = certificate;
    return shown == null ? 0 : shown.expiry().getEpochSecond();
  }

  private static @Nullable Void again(ServerCertificate loaded) {
    loaded.reload();
    return null;
  }

  private Future<Void> openServers(Parts parts) {
    vertx.setPeriodic(STANDING_CHECK_MILLIS, tick -> noteStanding(parts)); // ends with Vert.x
    vertx.setPeriodic(CLEAN_UP_MILLIS, tick -> cleanUp(parts));
    ListenerConfig http = config.http().listener();
    lifecycle.started(
        "servers",
        http.drainDelay().plus(http.drainTimeout()).plus(STOP_MARGIN),
        this::closeServers);
    ListenAddress own = config.management().listener();
    Future<Void> management =
        own == null
            ? Future.succeededFuture()
            : open(
                config
                    .http()
                    .listener()
                    .at(own.host(), own.port() == 0 ? ANY_OTHER_PORT : own.port()),
                new LiveRoutes(
                    new ProxyConfig(
                        List.of(), config.proxy().trustedCidrs(), config.proxy().pool())),
                parts.ownProxy(),
                port -> managementPort = port);
    return management
        .compose(
            open -> open(config.http().listener(), routes, parts.proxy(), port -> httpPort = port))
        .compose(open -> checkUpstreams(parts))
        .compose(open -> parts.warmUp().run(config.eventLoops().warmUp()))
        .onSuccess(warm -> watchRoutes(parts));
  }

  private Future<Void> checkUpstreams(Parts parts) {
    return vertx
        .deployVerticle(new HealthChecks(routes, parts.proxy().metrics(), new SplittableRandom()))
        .onSuccess(servers::add)
        .mapEmpty();
  }

  private void watchRoutes(Parts parts) {
    if (reloading != null) {
      RouteReload watching =
          new RouteReload(vertx, reloading, routes, parts.proxy().metrics(), metrics.reloads());
      lifecycle.started("reload", watching::stop);
      watching.start();
      reload = watching;
    }
  }

  private Future<Void> open(
      ListenerConfig listener, LiveRoutes routes, ProxyParts parts, IntConsumer listening) {
    Entrance entrance = new Entrance(certificate, listening);
    return vertx
        .deployVerticle(
            () -> new ProxyVerticle(listener, entrance, routes, parts),
            new DeploymentOptions().setInstances(config.eventLoops().count()))
        .onSuccess(servers::add)
        .mapEmpty();
  }

  /** All listeners at once: each takes its time. */
  private Future<Void> closeServers() {
    return Future.join(servers.stream().map(vertx::undeploy).toList()).mapEmpty();
  }

  private void noteStanding(Parts parts) {
    Standing standing = parts.replica().lease().standing(System.nanoTime());
    readiness.degraded("database", standing != Standing.HELD);
  }

  private static void cleanUp(Parts parts) {
    parts
        .sessions()
        .cleanUp()
        .onFailure(later -> log.debug("could not clean up sessions reason={}", later.toString()));
  }

  private AccessLog accessLog() {
    if (!config.log().access()) {
      return AccessLog.NONE;
    }
    AccessLines lines = new AccessLines();
    metrics.watchAccessLog(lines::dropped);
    lifecycle.started("access log", () -> vertx.executeBlocking(() -> closed(lines)));
    return lines;
  }

  private static @Nullable Void closed(AccessLines lines) {
    lines.close();
    return null;
  }

  private static Member self() {
    return new Member(UUID.randomUUID(), "pid " + ProcessHandle.current().pid());
  }

  /** Returns options for {@code eventLoops} threads, without folders of Vert.x's own. */
  static VertxOptions options(int eventLoops) {
    return new VertxOptions()
        .setEventLoopPoolSize(eventLoops)
        .setAddressResolverOptions(
            new AddressResolverOptions().setCacheMaxTimeToLive(MAX_NAME_AGE_SECONDS))
        .setFileSystemOptions(
            new FileSystemOptions()
                .setClassPathResolvingEnabled(false)
                .setFileCachingEnabled(false));
  }
}
