// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.http.Quota;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.Principal;
import dev.maglatch.key.Principals;
import dev.maglatch.limit.KeyLimits;
import dev.maglatch.limit.LimitListener;
import io.vertx.core.http.HttpMethod;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Routes and limits, each beside what is left of it when nobody has configured it. What changes
 * header fields is in {@link HeaderRulesBenchmark}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RouteBenchmark {
  private static final Upstream UPSTREAM = new Upstream(false, "orders", 8080, "");
  private static final String TARGET = "/orders/17?expand=lines";
  private static final KeyPolicy LIMITED =
      new KeyPolicy(null, new KeyPolicy.RateLimit(Integer.MAX_VALUE, 60));

  /** 1 is the catch-all alone; the request is always for the last route. */
  @Param({"1", "10", "100"})
  public int routes;

  private final KeyLimits limits = new KeyLimits(() -> 1, System::nanoTime, LimitListener.NONE);
  private final Principal plain = Principals.ofKey(UUID.randomUUID(), KeyPolicy.NONE);
  private final Principal limited = Principals.ofKey(UUID.randomUUID(), LIMITED);
  private final Route.Changes stripped =
      new Route.Changes(new PathRewrite.Leading("/orders", ""), null, null);
  private RouteTable table = new RouteTable(List.of());

  @Setup
  public void fill() {
    List<Route> all = new ArrayList<>();
    for (int i = 1; i < routes; i++) {
      RouteMatch match = new RouteMatch(null, PathPattern.prefix("/service-" + i), Set.of());
      all.add(Routes.named(Routes.with(Route.catchAll(UPSTREAM), match), "service " + i));
    }
    all.add(Route.catchAll(UPSTREAM));
    table = new RouteTable(all);
  }

  @Benchmark
  public Object route() {
    return table.select(HttpMethod.GET, null, "/orders/17");
  }

  @Benchmark
  public @Nullable Quota keyWithoutALimit() {
    return limits.take(plain);
  }

  @Benchmark
  public @Nullable Quota keyWithALimit() {
    return limits.take(limited);
  }

  @Benchmark
  public String targetAsItCame() {
    return Route.Changes.NONE.target(TARGET);
  }

  @Benchmark
  public String targetStripped() {
    return stripped.target(TARGET);
  }
}
