// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.fault.Fault;
import dev.maglatch.http.RequestIds;
import dev.maglatch.http.TrustedProxies;
import dev.maglatch.verify.StreamVerifier;
import io.netty.util.AsciiString;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What all requests of one event loop share. Touched by that loop alone. */
final class Loop {
  private static final Logger LOG = LoggerFactory.getLogger(Loop.class);
  private static final long COMPLAINT_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Credentials of open streams that are asked about at once, when very many have changed. */
  private static final int MAX_ASKING = 256;

  /** Ended streams that are logged within one second. */
  private static final int MAX_LAPSES_LOGGED = 20;

  // RFC 9110 wants two digits for the day, where RFC_1123_DATE_TIME writes one.
  private static final DateTimeFormatter HTTP_DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH)
          .withZone(ZoneOffset.UTC);

  private final Context context;
  private final ListenerConfig config;
  private final TrustedProxies proxies;
  private final RequestIds requestIds;
  private final ProxyMetrics metrics;
  private final AccessLog accessLog;
  private final Rejection rejection;
  private final StreamVerifier verifier;
  private final InstantSource clock;
  private final LongSupplier nanoTime;
  private final Deadlines deadlines = new Deadlines();
  private final ClientConnections clients;
  private final RequestBound requests;

  private CharSequence date = AsciiString.EMPTY_STRING;
  private long dateSecond = Long.MIN_VALUE;
  private boolean draining;
  private boolean complained;
  private long complainedNanos;
  private long complaintsKept;
  private long lapseSecond;
  private int lapsesLogged;
  private long lapsesKept;
  private int asking;

  Loop(
      Vertx vertx,
      ListenerConfig config,
      RequestBound requests,
      TrustedProxies proxies,
      ProxyParts parts) {
    this.context = vertx.getOrCreateContext();
    this.config = config;
    this.clients = new ClientConnections(this);
    this.requests = requests;
    this.proxies = proxies;
    this.requestIds = parts.requestIds();
    this.metrics = parts.metrics();
    this.accessLog = parts.accessLog();
    this.rejection = new Rejection(parts.cors());
    this.verifier = parts.verifier();
    this.clock = parts.clock();
    this.nanoTime = parts.nanoTime();
  }

  ListenerConfig config() {
    return config;
  }

  TrustedProxies proxies() {
    return proxies;
  }

  RequestIds requestIds() {
    return requestIds;
  }

  ProxyMetrics metrics() {
    return metrics;
  }

  Rejection rejection() {
    return rejection;
  }

  StreamVerifier verifier() {
    return verifier;
  }

  /** Whether one more credential may be asked about; bounds what a change of everything costs. */
  boolean mayAsk() {
    return asking < MAX_ASKING;
  }

  void asked() {
    asking++;
  }

  void answered() {
    asking--;
  }

  AccessLog accessLog() {
    return accessLog;
  }

  Deadlines deadlines() {
    return deadlines;
  }

  void checkDeadlines() {
    deadlines.check(nanoTime.getAsLong());
  }

  long nanoTime() {
    return nanoTime.getAsLong();
  }

  long millis() {
    return clock.millis();
  }

  /** Returns the time as a {@code Date} field has it; made once a second. */
  CharSequence date() {
    long second = clock.millis() / 1_000;
    if (second != dateSecond) {
      dateSecond = second;
      date = new AsciiString(HTTP_DATE.format(Instant.ofEpochSecond(second)));
    }
    return date;
  }

  /**
   * Logs why a request was not answered as it should: at most one a second, since whatever fails
   * once often fails for everybody. The access log has them all.
   */
  void complain(Exchange exchange, Fault fault) {
    long now = nanoTime.getAsLong();
    if (complained && now - complainedNanos < COMPLAINT_INTERVAL_NANOS) {
      complaintsKept++;
      return;
    }
    LOG.warn(
        "request failed code={} request_id={} route={} unlogged={} cause=\"{}\"",
        fault.code(),
        exchange.requestId(),
        exchange.routed() ? exchange.route().name() : "none",
        complaintsKept,
        fault.getMessage());
    complained = true;
    complainedNanos = now;
    complaintsKept = 0;
  }

  /** Counts and logs that a stream is ended; beyond a bound each second it is only counted. */
  void lapsed(Exchange exchange, Lapse why) {
    metrics.lapsed(why);
    long second = TimeUnit.NANOSECONDS.toSeconds(nanoTime.getAsLong());
    if (second != lapseSecond) {
      lapseSecond = second;
      lapsesLogged = 0;
    }
    if (lapsesLogged == MAX_LAPSES_LOGGED) {
      lapsesKept++;
      return;
    }
    lapsesLogged++;
    LOG.info(
        "stream ended reason={} request_id={} key_id={} route={} unlogged={}",
        why.text(),
        exchange.requestId(),
        exchange.keyId(),
        exchange.route().name(),
        lapsesKept);
    lapsesKept = 0;
  }

  /** Runs {@code action} on this loop once what was just read has been handled. */
  void later(Runnable action) {
    context.runOnContext(now -> action.run());
  }

  /** Returns a future that completes then. */
  Future<Void> later() {
    Promise<Void> promise = Promise.promise();
    context.runOnContext(promise::complete);
    return promise.future();
  }

  /** Returns a future that completes on this loop after {@code delay}, at once if that is none. */
  Future<Void> after(Duration delay) {
    Promise<Void> promise = Promise.promise();
    if (delay.isZero()) {
      promise.complete();
    } else {
      later(Math.max(1, delay.toMillis()), promise::complete);
    }
    return promise.future();
  }

  /** Runs {@code action} on this loop once {@code millis} milliseconds have passed. */
  void later(long millis, Runnable action) {
    context.owner().setTimer(millis, due -> context.runOnContext(now -> action.run()));
  }

  void requestBegan() {
    requests.began();
  }

  void requestEnded() {
    requests.ended();
  }

  /** Whether more requests are in hand than there may be. */
  boolean overloaded() {
    return requests.exceeded();
  }

  /** Returns how many requests may be in hand here without lending a place from other loops. */
  int requestShare() {
    return requests.share();
  }

  /** Returns the clients' connections. */
  ClientConnections clients() {
    return clients;
  }

  /** Ends from now on what does not end by itself. */
  void drain() {
    draining = true;
  }

  boolean draining() {
    return draining;
  }
}
