// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import dev.maglatch.cluster.ClusterMetrics;
import dev.maglatch.cluster.Loop;
import dev.maglatch.cluster.Revocation;
import dev.maglatch.config.GatewayConfig;
import dev.maglatch.key.Tokens;
import dev.maglatch.manage.AccountRegistrar;
import dev.maglatch.manage.AuditLog;
import dev.maglatch.manage.Confirmation;
import dev.maglatch.manage.DeliveryBook;
import dev.maglatch.manage.KeyCaps;
import dev.maglatch.manage.KeyCatalog;
import dev.maglatch.manage.KeyRegistrar;
import dev.maglatch.manage.OperatorKeys;
import dev.maglatch.manage.RevocationBarrier;
import dev.maglatch.manage.ServiceAccountRegistrar;
import dev.maglatch.postgres.Database;
import dev.maglatch.postgres.PgAccountRegistry;
import dev.maglatch.postgres.PgAuditLog;
import dev.maglatch.postgres.PgChangeFeed;
import dev.maglatch.postgres.PgDeliveryBook;
import dev.maglatch.postgres.PgKeyCatalog;
import dev.maglatch.postgres.PgKeyHistories;
import dev.maglatch.postgres.PgKeyInventory;
import dev.maglatch.postgres.PgKeyRegistry;
import dev.maglatch.postgres.PgServiceAccountRegistry;
import dev.maglatch.postgres.PgUsageHistory;
import dev.maglatch.postgres.PoolLimits;
import dev.maglatch.postgres.SecretUses;
import dev.maglatch.secret.Sealer;
import dev.maglatch.secret.SecretRing;
import dev.maglatch.usage.UsageHistory;
import dev.maglatch.verify.KeyHistories;
import dev.maglatch.webhook.DestinationGuard;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import java.security.SecureRandom;
import java.util.List;
import java.util.UUID;
import java.util.function.LongSupplier;

/**
 * The use cases on accounts and keys over a database of their own connections: in a gateway, and on
 * the command line without one. Safe on any thread.
 */
public final class Management {
  private static final LongSupplier NANO_TIME = System::nanoTime;

  private final Database database;
  private final PgChangeFeed feed;
  private final Revocation revocation;
  private final KeyRegistrar keys;
  private final AccountRegistrar accounts;
  private final ServiceAccountRegistrar serviceAccounts;
  private final AuditLog audit;
  private final OperatorKeys operatorKeys;
  private final SecretUses secrets;
  private final DeliveryBook deliveries;
  private final DestinationGuard destinations;
  private final KeyCatalog catalog;
  private final UsageHistory usageHistory;

  /** Opens the use cases for the command line: there is no cache of its own to renew. */
  public static Management open(Vertx vertx, GatewayConfig config) {
    Tokens tokens = tokens(config.secrets().require(), new SecureRandom());
    return new Management(
        vertx, config, feed(vertx, config), tokens, () -> {}, ClusterMetrics.NONE);
  }

  /**
   * @param feed closed by its owner
   * @param refreshHere makes this process apply the newest changes at once
   */
  Management(
      Vertx vertx,
      GatewayConfig config,
      PgChangeFeed feed,
      Tokens tokens,
      Runnable refreshHere,
      ClusterMetrics metrics) {
    SecureRandom random = new SecureRandom();
    SecretRing ring = config.secrets().require();
    this.database =
        Database.open(vertx, config.database().requireAddress(), PoolLimits.of(config.database()));
    this.feed = feed;
    this.revocation =
        new Revocation(
            Loop.of(vertx), feed, refreshHere, config.cluster().lease(), NANO_TIME, metrics);
    RevocationBarrier barrier = this::settled;
    this.accounts = new AccountRegistrar(new PgAccountRegistry(database), barrier, random);
    this.serviceAccounts =
        new ServiceAccountRegistrar(new PgServiceAccountRegistry(database), barrier);
    this.audit = new PgAuditLog(database);
    this.deliveries = new PgDeliveryBook(database);
    this.destinations = new DestinationGuard(config.webhooks());
    this.catalog = new PgKeyCatalog(database);
    this.usageHistory = new PgUsageHistory(database);
    this.keys =
        new KeyRegistrar(
            new PgKeyRegistry(database),
            tokens,
            new Sealer(random, ring.encryptionKeys()),
            barrier,
            new KeyCaps(KeyCaps.DEFAULT.mgp(), KeyCaps.DEFAULT.mp(), config.organizationKeys()),
            random,
            NANO_TIME);
    this.operatorKeys = new OperatorKeys(new PgKeyInventory(database), keys, tokens, barrier);
    this.secrets = new SecretUses(database, ring);
  }

  public KeyRegistrar keys() {
    return keys;
  }

  public AccountRegistrar accounts() {
    return accounts;
  }

  public ServiceAccountRegistrar serviceAccounts() {
    return serviceAccounts;
  }

  /** Returns what is known about keys and their past. */
  KeyHistories keyHistories() {
    return new PgKeyHistories(database);
  }

  AuditLog audit() {
    return audit;
  }

  DeliveryBook deliveries() {
    return deliveries;
  }

  KeyCatalog catalog() {
    return catalog;
  }

  UsageHistory usageHistory() {
    return usageHistory;
  }

  /** Returns where webhooks may go. */
  public DestinationGuard destinations() {
    return destinations;
  }

  /** Returns what only an operator may do with keys. */
  public OperatorKeys operatorKeys() {
    return operatorKeys;
  }

  /** Returns what the database needs which secret for. */
  public SecretUses secrets() {
    return secrets;
  }

  public Future<Void> close() {
    return Future.join(feed.close(), database.close()).mapEmpty();
  }

  Database database() {
    return database;
  }

  static PgChangeFeed feed(Vertx vertx, GatewayConfig config) {
    return new PgChangeFeed(vertx, connectOptions(config), config.cluster().renewalTimeout());
  }

  static PgConnectOptions connectOptions(GatewayConfig config) {
    PgConnectOptions options = config.database().requireAddress().connectOptions();
    options.addProperty("application_name", "maglatch");
    return options;
  }

  static Tokens tokens(SecretRing ring, SecureRandom random) {
    return new Tokens(random, ring.checkKeys(), ring.peppers());
  }

  /** Waits until the newest change of {@code entity} counts on every replica. */
  Future<Confirmation> settled(UUID entity) {
    return revocation
        .confirm(List.of(entity))
        .map(
            done ->
                new Confirmation(
                    done.acknowledged(), done.replicas(), done.expired(), done.millis()));
  }
}
