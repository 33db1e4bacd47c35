// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import dev.maglatch.Gateway.Reloading;
import dev.maglatch.config.ConfigSource;
import dev.maglatch.config.ConfigSource.Reading;
import dev.maglatch.config.WatchedFile;
import dev.maglatch.ops.ReloadMeters;
import dev.maglatch.proxy.LiveRoutes;
import dev.maglatch.proxy.ProxyConfig;
import dev.maglatch.proxy.ProxyMetrics;
import dev.maglatch.proxy.Route;
import dev.maglatch.settings.Settings;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes changed routes over while the gateway runs.
 *
 * <p>The file is looked at once a second, and read when it has changed and a second later is still
 * the same. What is invalid is logged, problem by problem, and nothing of it is taken. Changes that
 * only a restart can take are named in the log. One reading at a time.
 */
final class RouteReload {
  private static final Logger LOG = LoggerFactory.getLogger(RouteReload.class);
  private static final long INTERVAL_MILLIS = 1_000;

  /** What begins so is taken over, but for the exceptions. */
  private static final String TAKEN = "proxy.";

  /** Other parts of the gateway believe these proxies too. */
  private static final Set<String> NOT_TAKEN = Set.of("proxy.trusted-cidrs");

  private final Vertx vertx;
  private final ConfigSource source;
  private final LiveRoutes routes;
  private final ProxyMetrics metrics;
  private final ReloadMeters meters;
  private final @Nullable WatchedFile watched;
  private Settings used;
  private Future<Void> reading = Future.succeededFuture();
  private boolean looking;
  private long timer = -1;

  RouteReload(
      Vertx vertx,
      Reloading reloading,
      LiveRoutes routes,
      ProxyMetrics metrics,
      ReloadMeters meters) {
    this.vertx = vertx;
    this.source = reloading.source();
    this.used = reloading.used();
    this.watched = reloading.file();
    this.routes = routes;
    this.metrics = metrics;
    this.meters = meters;
  }

  /** Begins to watch the file, if there is one. */
  synchronized void start() {
    if (watched != null) {
      timer = vertx.setPeriodic(INTERVAL_MILLIS, tick -> look(watched));
    }
  }

  /** Watches no longer; completes when nothing is being read. */
  synchronized Future<Void> stop() {
    vertx.cancelTimer(timer);
    return reading;
  }

  /** Reads everything now; completes when it is in use, or refused. Never fails. */
  synchronized Future<Void> now(String cause) {
    reading = reading.transform(before -> read(cause)).otherwise(this::failed);
    return reading;
  }

  private synchronized void look(WatchedFile file) {
    if (looking) {
      return; // a file system that hangs
    }
    looking = true;
    vertx
        .executeBlocking(file::changed)
        .compose(changed -> changed ? now("file") : Future.succeededFuture())
        .onComplete(done -> looked());
  }

  private synchronized void looked() {
    looking = false;
  }

  private Future<Void> read(String cause) {
    return vertx.executeBlocking(source::read).compose(reading -> take(reading, cause));
  }

  private Future<Void> take(Reading reading, String cause) {
    if (!reading.problems().isEmpty()) {
      meters.refused();
      reading
          .problems()
          .forEach(
              problem -> LOG.error("configuration refused, the old one stays problem={}", problem));
      return Future.succeededFuture();
    }
    nameWhatNeedsRestart(reading.settings());
    ProxyConfig before = routes.current();
    ProxyConfig next =
        new ProxyConfig(
            reading.config().proxy().routes(),
            before.trustedCidrs(),
            reading.config().proxy().pool());
    metrics.routes(next.routes().stream().map(Route::name).toList());
    return routes.swap(next).onSuccess(swapped -> taken(before, next, cause));
  }

  private void taken(ProxyConfig before, ProxyConfig next, String cause) {
    meters.taken();
    LOG.info(
        "configuration taken over cause={} routes={} changed={}",
        cause,
        next.routes().size(),
        !next.equals(before));
  }

  /** Against the last reading, so that each change is named once. */
  private synchronized void nameWhatNeedsRestart(Settings read) {
    Set<String> names = new TreeSet<>(used.differences(read));
    used = read;
    names.removeIf(name -> name.startsWith(TAKEN) && !NOT_TAKEN.contains(name));
    if (!names.isEmpty()) {
      LOG.warn("settings changed that only a restart takes over names={}", names);
    }
  }

  private @Nullable Void failed(Throwable cause) {
    meters.refused();
    LOG.error("configuration not read, the old one stays", cause);
    return null;
  }
}
