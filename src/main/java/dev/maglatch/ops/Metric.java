// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.ops;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.core.metrics.Info;
import java.time.Duration;
import java.util.function.DoubleSupplier;

/**
 * Every metric, under the name that a scrape shows. Labels are few and their values bounded: none
 * is chosen by a client, none names a key or an account.
 */
enum Metric {
  CONNECTIONS("maglatch_client_connections", "Connections of clients that are open"),
  CONNECTIONS_REFUSED(
      "maglatch_client_connections_refused_total",
      "Connections of clients closed at once, because of too many in all or of one address",
      "bound"),
  DECISIONS("maglatch_decisions_total", "Requests by what the gateway made of them", "outcome"),
  AUTH_DURATION(
      "maglatch_auth_duration_seconds",
      "Time spent on a request's credential, waiting for the database included"),
  REQUESTS_IN_FLIGHT("maglatch_requests_in_flight", "Requests that began and have not ended"),
  REQUESTS_ENDED("maglatch_requests_ended_total", "Requests by how they ended", "ending"),
  STREAMS_LAPSED(
      "maglatch_streams_lapsed_total",
      "Open streams ended because their credential was good no longer",
      "reason"),
  UPSTREAM_RESPONSES(
      "maglatch_upstream_responses_total", "Answers of upstreams by status class", "route", "code"),
  UPSTREAM_HEAD(
      "maglatch_upstream_head_seconds",
      "Time from a request's beginning to the head of the upstream's answer",
      "route"),
  UPSTREAM_FAILURES(
      "maglatch_upstream_failures_total",
      "Requests that an upstream did not answer, or not wholly",
      "route",
      "reason"),
  UPSTREAM_RETRIES(
      "maglatch_upstream_retries_total",
      "Requests sent again: the pooled connection was stale, or a server gave no answer",
      "route"),
  UPSTREAM_EJECTIONS(
      "maglatch_upstream_ejections_total",
      "Times that one of several servers was left out for failing, by each event loop",
      "route"),
  UPSTREAM_HEALTHY(
      "maglatch_upstream_healthy",
      "1 while a server gets requests; 0 while its health check or any event loop leaves it out",
      "upstream",
      "target"),

  CACHE_LOOKUPS("maglatch_cache_lookups_total", "Lookups in the key cache", "result"),
  CACHE_ENTRIES("maglatch_cache_entries", "Entries in the key cache, absent keys included"),
  FORGED_TOKENS("maglatch_forged_tokens_total", "Tokens refused by their check bytes alone"),
  KEY_LOAD("maglatch_key_load_seconds", "Queries for one key", "outcome"),
  STALE_ADMISSIONS(
      "maglatch_stale_admissions_total", "Requests let in on a cached key without the database"),

  SIGN_INS("maglatch_sign_ins_total", "Sign-ins by password", "outcome"),
  SESSION_REFRESHES("maglatch_session_refreshes_total", "Refresh tokens presented", "outcome"),
  PASSWORD_WAIT("maglatch_password_wait_seconds", "Time a password waited for a worker"),
  PASSWORD_HASH("maglatch_password_hash_seconds", "Time a password hash took"),
  PASSWORDS_WAITING("maglatch_passwords_waiting", "Passwords being hashed or waiting for it"),
  PASSWORDS_TURNED_AWAY(
      "maglatch_passwords_turned_away_total", "Passwords not hashed because too many waited"),
  KEY_SET_FETCHES("maglatch_key_set_fetches_total", "Fetches of outside issuers' keys", "outcome"),

  LEASE_RENEWAL("maglatch_lease_renewal_seconds", "Renewals of this replica's lease", "outcome"),
  LEASE_HELD("maglatch_lease_held", "1 while this replica holds its lease"),
  FEED_AGE("maglatch_feed_age_seconds", "Time since the change feed was last known to be complete"),
  CHANGES_APPLIED("maglatch_changes_applied_total", "Changes of keys and owners taken over"),
  CACHE_DROPS("maglatch_cache_drops_total", "Times the whole key cache was dropped"),
  REVOCATION(
      "maglatch_revocation_seconds", "Waits until every replica had taken a revocation over"),
  REVOCATION_EXPIRED(
      "maglatch_revocation_expired_leases_total",
      "Replicas that lost their lease before they confirmed a revocation"),

  USAGE_FLUSH("maglatch_usage_flush_seconds", "Writes of usage", "outcome"),
  USAGE_ROWS("maglatch_usage_rows_total", "Rows of usage written"),
  USAGE_PENDING("maglatch_usage_pending_keys", "Keys whose use the last flush could not write"),
  USAGE_DROPPED("maglatch_usage_dropped_total", "Uses not recorded because the buffer was full"),

  WEBHOOK_ATTEMPTS("maglatch_webhook_attempts_total", "Attempts at webhooks by outcome", "outcome"),
  WEBHOOK_DURATION("maglatch_webhook_attempt_seconds", "Time that attempts at webhooks took"),
  WEBHOOKS_IN_FLIGHT(
      "maglatch_webhooks_in_flight", "Deliveries of webhooks claimed here and not settled"),
  WEBHOOK_QUEUE_AGE(
      "maglatch_webhook_queue_age_seconds",
      "How long the oldest due delivery of a webhook has been due, over all replicas; NaN while the"
          + " database does not say"),

  DATABASE_IN_USE("maglatch_database_connections_in_use", "Connections of the pool that work"),
  DATABASE_PENDING("maglatch_database_pending", "Pieces of work that wait for a connection"),
  DATABASE_MAX("maglatch_database_connections_max", "The most connections the pool may open"),

  CERTIFICATE_EXPIRY(
      "maglatch_tls_certificate_expiry_time_seconds",
      "Until when the certificate of the public listener is valid, Unix time; 0 without TLS"),
  CONFIG_RELOADS(
      "maglatch_config_reloads_total",
      "Times the configuration was read again by what became of it",
      "outcome"),
  CONFIG_LOADED(
      "maglatch_config_loaded_time_seconds", "When the routes in use were read, Unix time"),

  ACCESS_LOG_DROPPED(
      "maglatch_access_log_dropped_total", "Access log entries lost because the queue was full"),
  READY("maglatch_ready", "1 while /readyz answers 200"),
  BUILD("maglatch_build_info", "Always 1; the label tells the version", "version"),

  PROCESS_START("maglatch_process_start_time_seconds", "When the process started, Unix time"),
  PROCESS_CPU("maglatch_process_cpu_seconds_total", "Processor time used by the process"),
  PROCESS_FILES("maglatch_process_open_fds", "Open file descriptors, sockets included"),
  JVM_MEMORY_USED("maglatch_jvm_memory_used_bytes", "Memory used", "area"),
  JVM_MEMORY_COMMITTED("maglatch_jvm_memory_committed_bytes", "Memory reserved", "area"),
  JVM_MEMORY_MAX("maglatch_jvm_memory_max_bytes", "The most memory; -1 if unlimited", "area"),
  JVM_GC_COUNT("maglatch_jvm_gc_collections_total", "Garbage collections", "gc"),
  JVM_GC_TIME("maglatch_jvm_gc_seconds_total", "Time spent in garbage collections", "gc"),
  JVM_THREADS("maglatch_jvm_threads", "Live threads");

  /** From a cache hit, which takes microseconds, to the longest timeout. */
  private static final Duration[] BUCKETS = {
    Duration.ofNanos(2_500),
    Duration.ofNanos(10_000),
    Duration.ofNanos(50_000),
    Duration.ofNanos(250_000),
    Duration.ofMillis(1),
    Duration.ofNanos(2_500_000),
    Duration.ofMillis(5),
    Duration.ofMillis(10),
    Duration.ofMillis(25),
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(250),
    Duration.ofMillis(500),
    Duration.ofSeconds(1),
    Duration.ofMillis(2_500),
    Duration.ofSeconds(5),
    Duration.ofSeconds(10),
    Duration.ofSeconds(30),
  };

  private final String text;
  private final String help;
  private final String labels; // between commas

  Metric(String text, String help, String... labels) {
    this.text = text;
    this.help = help;
    this.labels = String.join(",", labels);
  }

  /** Returns the name of the series, or the beginning of its three names for a histogram. */
  String text() {
    return text;
  }

  Counter counter(MeterRegistry registry, String... values) {
    return Counter.builder(text).description(help).tags(tags(values)).register(registry);
  }

  /** Registers a counter whose value {@code source} knows already. */
  void counter(MeterRegistry registry, DoubleSupplier source, String... values) {
    FunctionCounter.builder(text, source, DoubleSupplier::getAsDouble)
        .description(help)
        .tags(tags(values))
        .register(registry);
  }

  void gauge(MeterRegistry registry, DoubleSupplier source, String... values) {
    Gauge.builder(text, source::getAsDouble)
        .description(help)
        .tags(tags(values))
        .register(registry);
  }

  /** Registers gauges that come and go. */
  MultiGauge gauges(MeterRegistry registry) {
    return MultiGauge.builder(text).description(help).register(registry);
  }

  /** Returns one of {@link #gauges}. */
  MultiGauge.Row<?> row(DoubleSupplier source, String... values) {
    return MultiGauge.Row.of(tags(values), source, DoubleSupplier::getAsDouble);
  }

  Timer histogram(MeterRegistry registry, String... values) {
    return Timer.builder(text)
        .description(help)
        .tags(tags(values))
        .serviceLevelObjectives(BUCKETS)
        .register(registry);
  }

  /** Registers a series that is always 1 and tells something by its label. */
  void info(PrometheusMeterRegistry registry, String value) {
    Info.builder() // Micrometer knows no such type and would take the ending off the name
        .name(text)
        .help(help)
        .labelNames(labels)
        .register(registry.getPrometheusRegistry())
        .setLabelValues(value);
  }

  private Tags tags(String... values) {
    if (labels.isEmpty()) {
      return Tags.empty();
    }
    String[] names = labels.split(",", -1);
    Tags tags = Tags.empty();
    for (int i = 0; i < names.length; i++) {
      tags = tags.and(names[i], values[i]);
    }
    return tags;
  }
}
