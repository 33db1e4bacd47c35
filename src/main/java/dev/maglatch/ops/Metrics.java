// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.ops;

import dev.maglatch.cluster.ClusterMetrics;
import dev.maglatch.proxy.ProxyMetrics;
import dev.maglatch.session.SessionMetrics;
import dev.maglatch.usage.UsageMetrics;
import dev.maglatch.verify.VerifyMetrics;
import dev.maglatch.webhook.WebhookMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.InstantSource;
import java.util.Collection;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * All that this process counts, ready to be scraped.
 *
 * <p>Each implementation handed out resolved its meters beforehand: a call costs a few atomic
 * additions and no lookup.
 */
public final class Metrics {
  private static final String OPEN_METRICS =
      "application/openmetrics-text; version=1.0.0; charset=utf-8";
  private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final UsageMeters usage = new UsageMeters(registry);
  private final VerifyMeters verify = new VerifyMeters(registry);
  private final WebhookMeters webhooks = new WebhookMeters(registry);
  private final SessionMeters session = new SessionMeters(registry);
  private final ReloadMeters reloads = new ReloadMeters(registry, InstantSource.system());
  private final ClusterMeters cluster = new ClusterMeters(registry, System::nanoTime);

  /**
   * Makes a registry of its own.
   *
   * @param version of this build
   */
  public Metrics(String version, Readiness readiness) {
    registry.throwExceptionOnRegistrationFailure();
    ProcessMeters.register(registry, version);
    Metric.READY.gauge(registry, () -> readiness.report().phase() == Readiness.Phase.READY ? 1 : 0);
  }

  /**
   * Makes the counters of the public listener. Call it once.
   *
   * @param routeNames the configured routes, one label value each
   */
  public ProxyMetrics proxy(Collection<String> routeNames) {
    return new ProxyMeters(registry, routeNames);
  }

  public UsageMetrics usage() {
    return usage;
  }

  public VerifyMetrics verify() {
    return verify;
  }

  public SessionMetrics session() {
    return session;
  }

  public ClusterMetrics cluster() {
    return cluster;
  }

  public WebhookMetrics webhooks() {
    return webhooks;
  }

  public ReloadMeters reloads() {
    return reloads;
  }

  /** Shows how many entries the key cache has, from now on. Call it once. */
  public void watchCache(LongSupplier entries) {
    Metric.CACHE_ENTRIES.gauge(registry, entries::getAsLong);
  }

  /** Shows how many access log entries were lost, from now on. Call it once. */
  public void watchAccessLog(LongSupplier dropped) {
    Metric.ACCESS_LOG_DROPPED.counter(registry, dropped::getAsLong);
  }

  /** Shows how many passwords are being hashed or wait, from now on. Call it once. */
  public void watchPasswords(IntSupplier waiting) {
    Metric.PASSWORDS_WAITING.gauge(registry, waiting::getAsInt);
  }

  /** Shows until when the listener's certificate is valid, from now on. Call it once. */
  public void watchCertificate(LongSupplier epochSecond) {
    Metric.CERTIFICATE_EXPIRY.gauge(registry, epochSecond::getAsLong);
  }

  /** Shows whether the lease is held, from now on. Call it once. */
  public void watchLease(BooleanSupplier held) {
    Metric.LEASE_HELD.gauge(registry, () -> held.getAsBoolean() ? 1 : 0);
  }

  /**
   * Shows how busy the pool is, from now on. Call it once.
   *
   * @param working pieces of work begun and not ended, each of which needs a connection
   */
  public void watchDatabase(IntSupplier working, int maxConnections) {
    Metric.DATABASE_IN_USE.gauge(registry, () -> Math.min(working.getAsInt(), maxConnections));
    Metric.DATABASE_PENDING.gauge(registry, () -> Math.max(0, working.getAsInt() - maxConnections));
    Metric.DATABASE_MAX.gauge(registry, () -> maxConnections);
  }

  /** Returns the content type to answer with, given what the scraper accepts. */
  static String contentType(@Nullable String accept) {
    return accept != null && accept.contains("application/openmetrics-text")
        ? OPEN_METRICS
        : PROMETHEUS;
  }

  /** Returns every series as text. Takes milliseconds. */
  String scrape(String contentType) {
    return registry.scrape(contentType);
  }
}
