// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.ops;

import static java.util.Objects.requireNonNull;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import dev.maglatch.fault.Fault;
import dev.maglatch.proxy.Decision;
import dev.maglatch.proxy.Ending;
import dev.maglatch.proxy.Lapse;
import dev.maglatch.proxy.ProxyMetrics;
import dev.maglatch.proxy.TargetHealth;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Timer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Counts what happens on the public listener. */
final class ProxyMeters implements ProxyMetrics {
  private final Counters<Decision> decisions;
  private final Counters<Ending> endings;
  private final Counters<Lapse> lapses;
  private final Timer auth;
  private final LongAdder connections = new LongAdder();
  private final Counter refusedInAll;
  private final Counter refusedByAddress;
  private final LongAdder inFlight = new LongAdder();
  private final MeterRegistry registry;
  private final RouteMeters otherRoutes;
  private final MultiGauge healthy;

  /** Replaced, never changed. */
  private volatile Map<String, RouteMeters> routes = Map.of();

  /**
   * @param routeNames every route there is; what is said of another one counts as {@code other}
   */
  ProxyMeters(MeterRegistry registry, Collection<String> routeNames) {
    this.registry = registry;
    decisions =
        new Counters<>(Decision.class, value -> Metric.DECISIONS.counter(registry, value.text()));
    endings =
        new Counters<>(
            Ending.class, value -> Metric.REQUESTS_ENDED.counter(registry, value.text()));
    lapses =
        new Counters<>(Lapse.class, value -> Metric.STREAMS_LAPSED.counter(registry, value.text()));
    auth = Metric.AUTH_DURATION.histogram(registry);
    Metric.CONNECTIONS.gauge(registry, connections::sum);
    refusedInAll = Metric.CONNECTIONS_REFUSED.counter(registry, "all");
    refusedByAddress = Metric.CONNECTIONS_REFUSED.counter(registry, "address");
    Metric.REQUESTS_IN_FLIGHT.gauge(registry, inFlight::sum);
    healthy = Metric.UPSTREAM_HEALTHY.gauges(registry);
    otherRoutes = new RouteMeters(registry, "other");
    routes(routeNames);
  }

  /** Series of routes that are gone stay: requests of theirs may still be under way. */
  @Override
  public synchronized void routes(Collection<String> names) {
    Map<String, RouteMeters> more = new HashMap<>(routes);
    names.forEach(name -> more.computeIfAbsent(name, added -> new RouteMeters(registry, added)));
    routes = more;
  }

  /** Routes may name the same server with timeouts of their own: it is one for who looks. */
  @Override
  public synchronized void targets(Collection<TargetHealth> targets) {
    Map<List<String>, List<TargetHealth>> byLabels =
        targets.stream()
            .collect(Collectors.groupingBy(one -> List.of(one.upstream(), one.target())));
    List<MultiGauge.Row<?>> rows = new ArrayList<>();
    byLabels.forEach(
        (labels, same) ->
            rows.add(
                Metric.UPSTREAM_HEALTHY.row(
                    () -> allInUse(same) ? 1 : 0, labels.get(0), labels.get(1))));
    healthy.register(rows, true);
  }

  private static boolean allInUse(List<TargetHealth> targets) {
    long now = System.nanoTime();
    return targets.stream().allMatch(target -> target.inUse(now));
  }

  @Override
  public void connectionOpened() {
    connections.increment();
  }

  @Override
  public void connectionClosed() {
    connections.decrement();
  }

  @Override
  public void connectionRefused(boolean byAddress) {
    (byAddress ? refusedByAddress : refusedInAll).increment();
  }

  @Override
  public void began() {
    inFlight.increment();
  }

  @Override
  public void decided(Decision decision, long nanos) {
    decisions.increment(decision);
    if (nanos > 0) {
      auth.record(nanos, NANOSECONDS);
    }
  }

  @Override
  public void upstreamAnswered(String route, int status, long nanos) {
    RouteMeters meters = of(route);
    meters.codes[Math.min(status / 100, 6) - 1].increment();
    meters.head.record(nanos, NANOSECONDS);
  }

  @Override
  public void upstreamFailed(String route, Fault.Code code) {
    of(route).failures.increment(code);
  }

  @Override
  public void retried(String route) {
    of(route).retries.increment();
  }

  @Override
  public void ejected(String route) {
    of(route).ejections.increment();
  }

  @Override
  public void lapsed(Lapse why) {
    lapses.increment(why);
  }

  @Override
  public void ended(Ending ending) {
    inFlight.decrement();
    endings.increment(ending);
  }

  private RouteMeters of(String route) {
    return routes.getOrDefault(route, otherRoutes);
  }

  /** The series of one route. */
  private static final class RouteMeters {
    /** 101 and beyond 599 are legal too; the last one stands for all that no RFC names. */
    private static final String[] CODES = {"1xx", "2xx", "3xx", "4xx", "5xx", "other"};

    private final Counter[] codes;
    private final Counters<Fault.Code> failures;
    private final Counter retries;
    private final Counter ejections;
    private final Timer head;

    RouteMeters(MeterRegistry registry, String route) {
      codes =
          Arrays.stream(CODES)
              .map(code -> Metric.UPSTREAM_RESPONSES.counter(registry, route, code))
              .toArray(Counter[]::new);
      failures =
          new Counters<>(
              Fault.Code.class,
              code -> Metric.UPSTREAM_FAILURES.counter(registry, route, reason(code)));
      retries = Metric.UPSTREAM_RETRIES.counter(registry, route);
      ejections = Metric.UPSTREAM_EJECTIONS.counter(registry, route);
      head = Metric.UPSTREAM_HEAD.histogram(registry, route);
    }

    private static String reason(Fault.Code code) {
      return code.name().toLowerCase(Locale.ROOT);
    }
  }

  /** One counter for each constant, found by its place in the enum. */
  private static final class Counters<E extends Enum<E>> {
    private final Map<E, Counter> byConstant;

    Counters(Class<E> type, Function<E, Counter> counterOf) {
      byConstant = new EnumMap<>(type);
      for (E constant : type.getEnumConstants()) {
        byConstant.put(constant, counterOf.apply(constant));
      }
    }

    void increment(E constant) {
      requireNonNull(byConstant.get(constant)).increment();
    }
  }
}
