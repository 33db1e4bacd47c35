// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import dev.maglatch.api.CallRunner;
import dev.maglatch.api.CookieAccess;
import dev.maglatch.api.CrossOrigin;
import dev.maglatch.api.Endpoint;
import dev.maglatch.api.OwnRouteTable;
import dev.maglatch.api.auth.AuthRoutes;
import dev.maglatch.api.docs.Docs;
import dev.maglatch.api.magicpost.MagicPostRoutes;
import dev.maglatch.api.magpipe.MagpipeRoutes;
import dev.maglatch.api.organization.OrganizationRoutes;
import dev.maglatch.api.organization.UseCases;
import dev.maglatch.cluster.ChangeFeed.Member;
import dev.maglatch.cluster.DatabaseClock;
import dev.maglatch.cluster.Lease;
import dev.maglatch.cluster.Loop;
import dev.maglatch.cluster.Replica;
import dev.maglatch.config.GatewayConfig;
import dev.maglatch.dashboard.Dashboard;
import dev.maglatch.dashboard.Surroundings;
import dev.maglatch.http.Cors;
import dev.maglatch.http.IpRanges;
import dev.maglatch.http.RequestIds;
import dev.maglatch.http.SessionCookie;
import dev.maglatch.http.TrustedProxies;
import dev.maglatch.key.KeyKind;
import dev.maglatch.key.Tokens;
import dev.maglatch.limit.KeyLimits;
import dev.maglatch.limit.WindowLimits;
import dev.maglatch.manage.Confirmation;
import dev.maglatch.ops.Metrics;
import dev.maglatch.postgres.Database;
import dev.maglatch.postgres.PgChangeFeed;
import dev.maglatch.postgres.PgEventStore;
import dev.maglatch.postgres.PgKeyStore;
import dev.maglatch.postgres.PgSessionAccounts;
import dev.maglatch.postgres.PgSessionLookup;
import dev.maglatch.postgres.PgSessions;
import dev.maglatch.postgres.PgSignInCounters;
import dev.maglatch.postgres.PgUsageStore;
import dev.maglatch.postgres.PoolLimits;
import dev.maglatch.proxy.AccessLog;
import dev.maglatch.proxy.KeyUse;
import dev.maglatch.proxy.OwnHost;
import dev.maglatch.proxy.OwnRoutes;
import dev.maglatch.proxy.ProxyParts;
import dev.maglatch.proxy.Route;
import dev.maglatch.secret.SecretRing;
import dev.maglatch.session.OneTimeLink;
import dev.maglatch.session.OutsideIssuers;
import dev.maglatch.session.Passwords;
import dev.maglatch.session.SessionPorts;
import dev.maglatch.session.SessionTokens;
import dev.maglatch.session.SessionVerifier;
import dev.maglatch.session.Sessions;
import dev.maglatch.usage.UsageRecorder;
import dev.maglatch.verify.ChangeClock;
import dev.maglatch.verify.CredentialVerifiers;
import dev.maglatch.verify.KeyVerifier;
import dev.maglatch.verify.KeyVerifier.Times;
import dev.maglatch.verify.StreamVerifier;
import dev.maglatch.webhook.EventStore;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.pgclient.PgConnectOptions;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Everything between the listeners and the database, wired once. Opens no socket by itself. */
final class Parts {
  private static final LongSupplier NANO_TIME = System::nanoTime;

  /** One for usage, and those that publishers of events share. */
  private static final int BACKGROUND_CONNECTIONS = 4;

  private final Vertx vertx;
  private final GatewayConfig config;
  private final Metrics metrics;
  private final SecureRandom random = new SecureRandom();
  private final SecretRing ring;
  private final OneTimeLink link = new OneTimeLink(random, NANO_TIME);
  private final ChangeClock changes = new ChangeClock();
  private final DatabaseClock databaseClock = new DatabaseClock(InstantSource.system(), NANO_TIME);
  private final Replica replica;
  private final LeaseTrust trust;
  private final Management management;
  private final PgKeyStore keyStore;
  private final PgSessionLookup sessionLookup;
  private final Database backgroundDatabase;
  private final EventStore events;
  private final UsageRecorder usage;
  private final PgSessionAccounts sessionAccounts;
  private final SessionTokens sessionTokens;
  private final Passwords passwords;
  private final Sessions sessions;
  private final SessionVerifier sessionVerifier;
  private final KeyVerifier keys;
  private final StreamVerifier verifier;
  private final KeyLimits limits;
  private final Cors cors;
  private final AccessLog accessLog;
  private final OwnRouteTable ownRoutes;
  private final @Nullable Dashboard dashboard;
  private final ProxyParts proxy;

  /**
   * @param vertx whose event loops serve requests
   * @param background one that serves none
   */
  Parts(
      Vertx vertx,
      Vertx background,
      GatewayConfig config,
      Metrics metrics,
      AccessLog accessLog,
      Member self) {
    this.vertx = vertx;
    this.accessLog = accessLog;
    this.config = config;
    this.metrics = metrics;
    this.ring = config.secrets().require();
    Tokens tokens = Management.tokens(ring, random);
    PgConnectOptions options = Management.connectOptions(config);
    Duration lookupTimeout = config.database().lookupTimeout();
    PgChangeFeed feed = Management.feed(vertx, config);

    Lease lease = new Lease(config.cluster().lease(), new ClockEvictions(changes));
    this.trust = new LeaseTrust(lease, config.cache());
    this.replica =
        new Replica(
            Loop.of(vertx),
            feed,
            lease,
            databaseClock,
            self,
            config.cluster(),
            NANO_TIME,
            metrics.cluster());
    this.management =
        new Management(vertx, config, feed, tokens, replica::renewNow, metrics.cluster());
    this.backgroundDatabase =
        Database.open(
            background,
            config.database().requireAddress(),
            PoolLimits.of(config.database()).ofConnections(BACKGROUND_CONNECTIONS));
    this.events = new PgEventStore(backgroundDatabase);
    this.usage = makeUsage(background);

    this.keyStore = new PgKeyStore(vertx, options, lookupTimeout);
    this.sessionLookup = new PgSessionLookup(vertx, options, lookupTimeout);
    feed.onReturn(this::reconnect);
    this.sessionAccounts = new PgSessionAccounts(management.database(), random);
    this.sessionTokens = new SessionTokens(publicUrl(), ring, random, databaseClock);
    this.passwords = new Passwords(vertx, random, metrics.session());
    this.sessions = makeSessions();
    this.sessionVerifier = sessionVerifier();
    this.keys = keys(tokens);
    this.verifier = new CredentialVerifiers(keys, sessionVerifier);
    this.limits =
        new KeyLimits(replica::replicas, NANO_TIME, new LimitEvents(events, databaseClock));
    this.cors = new Cors(config.http().allowedOrigins(), config.http().publicUrl());
    this.ownRoutes = new OwnRouteTable(endpoints(), calls());
    this.dashboard = config.dashboard() ? makeDashboard() : null;
    this.proxy = makeProxy();
  }

  /** Shows in metrics what these parts do. Call it once, when they begin to. */
  void watched() {
    metrics.watchCache(keys::size);
    metrics.watchPasswords(passwords::waiting);
    metrics.watchLease(
        () -> replica.lease().standing(NANO_TIME.getAsLong()) == Lease.Standing.HELD);
    metrics.watchDatabase(management.database()::working, config.database().poolSize());
  }

  Management management() {
    return management;
  }

  Sessions sessions() {
    return sessions;
  }

  OneTimeLink link() {
    return link;
  }

  Replica replica() {
    return replica;
  }

  UsageRecorder usage() {
    return usage;
  }

  /** Returns where events are published, on event loops that serve no requests. */
  EventStore events() {
    return events;
  }

  OwnRouteTable ownRoutes() {
    return ownRoutes;
  }

  WarmUp warmUp() {
    return new WarmUp(vertx, trust, proxy, keyStore);
  }

  /** Returns what tells the time that all replicas share (rule 9). */
  InstantSource databaseClock() {
    return databaseClock;
  }

  ProxyParts proxy() {
    return proxy;
  }

  /** Returns what a listener for own routes alone needs. */
  ProxyParts ownProxy() {
    return proxy.with(this::own);
  }

  /** The feed's connection is watched; what happened to it may have happened to all. */
  private void reconnect() {
    keyStore.reconnect();
    sessionLookup.reconnect();
    management.database().reconnect();
    backgroundDatabase.reconnect();
  }

  Future<Void> close() {
    return Future.join(
            passwords.close(),
            keyStore.close(),
            sessionLookup.close(),
            backgroundDatabase.close(),
            management.close())
        .mapEmpty();
  }

  private KeyVerifier keys(Tokens tokens) {
    return new KeyVerifier(
        tokens,
        keyStore,
        changes,
        trust,
        new Times(databaseClock, NANO_TIME),
        config.cache(),
        config.acceptUnchecked(),
        metrics.verify());
  }

  private SessionVerifier sessionVerifier() {
    OutsideIssuers outside =
        OutsideIssuers.of(vertx, config.sessions().issuers(), NANO_TIME, metrics.session());
    return new SessionVerifier(
        sessionTokens.reader(outside),
        sessionLookup,
        sessionAccounts,
        changes,
        trust,
        new Times(databaseClock, NANO_TIME),
        config.cache(),
        metrics.verify());
  }

  private Sessions makeSessions() {
    SessionPorts ports =
        new SessionPorts(
            sessionAccounts,
            new PgSessions(management.database()),
            new PgSignInCounters(management.database()),
            id -> management.settled(id).map(Confirmation::headerValue));
    return new Sessions(
        vertx, config.sessions(), ports, sessionTokens, passwords, random, metrics.session());
  }

  private UsageRecorder makeUsage(Vertx background) {
    return new UsageRecorder(
        background,
        new PgUsageStore(backgroundDatabase),
        config.usage(),
        metrics.usage(),
        databaseClock,
        NANO_TIME);
  }

  /** As {@link UsageRecorder#settle}, which ends on another thread than the caller's. */
  private Future<Void> settleUsage() {
    Loop caller = Loop.of(vertx);
    Promise<Void> settled = Promise.promise();
    usage.settle().onComplete(done -> caller.run(() -> settled.handle(done)));
    return settled.future();
  }

  /** Returns every own route: a dialect is a line here. */
  private List<Endpoint> endpoints() {
    List<Endpoint> all = new ArrayList<>();
    all.addAll(
        AuthRoutes.endpoints(
            sessions,
            sessionVerifier,
            new SessionCookie(publicUrl()),
            cors,
            config.sessions().signUp()));
    if (config.magpipe().enabled()) {
      all.addAll(
          MagpipeRoutes.endpoints(
              config.magpipe().base(),
              verifier,
              management.keys(),
              management.destinations()::accepts));
    }
    if (config.magicpost().enabled()) {
      all.addAll(
          MagicPostRoutes.endpoints(
              config.magicpost().base(),
              new CookieAccess(new SessionCookie(publicUrl()), sessions, cors),
              verifier,
              cors,
              new MagicPostRoutes.Domain(management.keys(), management.accounts()),
              changes));
    }
    if (config.organization().enabled()) {
      all.addAll(organization());
    }
    if (config.http().docs()) {
      all.addAll(new Docs(vertx, Editions.open(config)).endpoints(CrossOrigin.of(cors)));
    }
    return all;
  }

  private List<Endpoint> organization() {
    return OrganizationRoutes.endpoints(
        config.organization().base(),
        verifier,
        cors,
        new UseCases(
            management.keys(),
            management.serviceAccounts(),
            management.audit(),
            management.deliveries(),
            this::settleUsage,
            databaseClock));
  }

  private CallRunner calls() {
    return new CallRunner(
        vertx,
        new TrustedProxies(new IpRanges(config.proxy().trustedCidrs())),
        limits,
        (keyId, address, agent) -> usage.touch(keyId, databaseClock.millis(), address, agent));
  }

  /** Made here for all, so that it is of one class, which compiled code counts on. */
  static KeyUse use(UsageRecorder usage) {
    return usage::touch;
  }

  private ProxyParts makeProxy() {
    return new ProxyParts(
        verifier,
        limits,
        new WindowLimits(replica::replicas, NANO_TIME),
        sessionVerifier::isOwn,
        use(usage),
        publicRoutes(),
        cors,
        new RequestIds(random),
        metrics.proxy(config.proxy().routes().stream().map(Route::name).toList()),
        accessLog,
        databaseClock,
        NANO_TIME);
  }

  private OwnRoutes publicRoutes() {
    if (config.management().listener() != null) {
      return OwnRoutes.NONE;
    }
    String host = config.management().host();
    return host == null ? this::own : new OwnHost(this::own, host);
  }

  private @Nullable Handler<HttpServerRequest> own(HttpServerRequest request, String requestId) {
    Handler<HttpServerRequest> page = dashboard == null ? null : dashboard.find(request, requestId);
    return page != null ? page : ownRoutes.find(request, requestId);
  }

  private Dashboard makeDashboard() {
    return new Dashboard(
        new Surroundings(
            vertx,
            new SessionCookie(publicUrl()),
            cors,
            new TrustedProxies(new IpRanges(config.proxy().trustedCidrs())),
            config.http().publicUrl(),
            kinds(),
            this::whoAmI,
            management.destinations()::accepts,
            link),
        new dev.maglatch.dashboard.UseCases(
            sessions,
            management.keys(),
            management.catalog(),
            management.usageHistory(),
            management.accounts(),
            management.serviceAccounts(),
            management.deliveries(),
            management.audit(),
            this::settleUsage,
            databaseClock));
  }

  /** Returns the kinds of keys whose dialect is on. */
  private Set<KeyKind> kinds() {
    Set<KeyKind> kinds = EnumSet.noneOf(KeyKind.class);
    if (config.magpipe().enabled()) {
      kinds.add(KeyKind.MGP);
    }
    if (config.magicpost().enabled()) {
      kinds.add(KeyKind.MP);
    }
    if (config.organization().enabled()) {
      kinds.add(KeyKind.ORG);
    }
    return kinds;
  }

  private @Nullable String whoAmI(KeyKind kind) {
    if (config.organization().enabled()) {
      return config.organization().base() + "/whoami";
    }
    return kind == KeyKind.MP ? config.magicpost().base() + "/auth/verify" : null;
  }

  private String publicUrl() {
    return Editions.publicUrl(config);
  }
}
