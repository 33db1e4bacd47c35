// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.HashMap;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * Asks the servers of upstreams with a {@link HealthCheck} how they are, once for the whole
 * process. Deploy one instance for the routes of one listener; without checks it does nothing.
 */
public final class HealthChecks extends VerticleBase {
  private final LiveRoutes routes;
  private final ProxyMetrics metrics;
  private final RandomGenerator random;
  private Map<TargetHealth, HealthProbe> probes = Map.of();

  /**
   * @param random spreads probes over time
   */
  public HealthChecks(LiveRoutes routes, ProxyMetrics metrics, RandomGenerator random) {
    this.routes = routes;
    this.metrics = metrics;
    this.random = random;
  }

  @Override
  public Future<?> start() {
    routes.join(context, changed -> use());
    use();
    return Future.succeededFuture();
  }

  /** Turns to the servers in use; the probing of those that stay goes on. */
  private void use() {
    metrics.targets(routes.health().all());
    Map<TargetHealth, HealthProbe> next = new HashMap<>();
    for (TargetHealth target : routes.health().all()) {
      HealthCheck check = target.check();
      if (check != null) {
        HealthProbe same = probes.get(target);
        next.put(target, same == null ? begin(target, check) : same);
      }
    }
    probes.forEach((target, probe) -> stopUnless(next.containsKey(target), probe));
    probes = next;
  }

  private HealthProbe begin(TargetHealth target, HealthCheck check) {
    HealthProbe probe = new HealthProbe(vertx, target, check, random);
    probe.start();
    return probe;
  }

  private static void stopUnless(boolean kept, HealthProbe probe) {
    if (!kept) {
      probe.stop();
    }
  }

  @Override
  public Future<?> stop() {
    routes.leave(context);
    probes.values().forEach(HealthProbe::stop);
    return Future.succeededFuture();
  }
}
