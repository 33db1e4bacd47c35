// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.maglatch.http.Cors;
import dev.maglatch.http.IpRanges;
import dev.maglatch.http.RequestIds;
import dev.maglatch.http.TrustedProxies;
import dev.maglatch.key.KeyKind;
import dev.maglatch.limit.KeyLimits;
import dev.maglatch.limit.WindowLimits;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Gate and header rules on a request that really arrived, as a browser would send it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class HeaderRulesBenchmark {
  private static final String REQUEST =
      """
      GET /orders/17?expand=lines HTTP/1.1\r
      Host: api.example.com\r
      User-Agent: Mozilla/5.0 (X11; Linux x86_64) benchmark\r
      Accept: application/json\r
      Accept-Encoding: gzip, deflate, br\r
      Accept-Language: en-GB,en;q=0.9\r
      Authorization: Bearer mgp_0123456789012345678901234567890123456789\r
      Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r
      \r
      """;

  private final Vertx vertx = Vertx.vertx();
  private final Gate gate = new Gate(ListenerConfig.DEFAULT);
  private final TrustedProxies proxies = new TrustedProxies(new IpRanges(List.of()));
  private final HeaderRules rules = new HeaderRules(proxies);
  private final RequestHead head = new RequestHead();
  private final Upstream upstream = new Upstream(false, "orders", 8080, "");
  private final Route plain = Route.catchAll(upstream);
  private final Route edited =
      Routes.with(
          plain,
          new Route.Changes(
              null,
              new HeaderEdits(
                  List.of("accept-language", "x-tenant"),
                  List.of(new HeaderEdits.Field("X-Tenant", "benchmark"))),
              null));
  private @Nullable Socket client;
  private @Nullable Exchange exchange;

  @Setup
  public void receive() throws IOException {
    CompletableFuture<Exchange> arrived = new CompletableFuture<>();
    HttpServer server =
        vertx
            .createHttpServer()
            .requestHandler(request -> arrived.complete(exchange(request)))
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .join();
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.actualPort());
    socket.getOutputStream().write(REQUEST.getBytes(US_ASCII));
    client = socket;
    exchange = arrived.join();
  }

  private Exchange exchange(HttpServerRequest request) {
    ProxyParts parts =
        new ProxyParts(
            new RunningProxy.Credentials(),
            KeyLimits.NONE,
            WindowLimits.NONE,
            text -> false,
            (keyId, atMillis, address, userAgent) -> {},
            OwnRoutes.NONE,
            Cors.OFF,
            new RequestIds(new Random(1)),
            ProxyMetrics.NONE,
            AccessLog.NONE,
            InstantSource.system(),
            System::nanoTime);
    RequestBound requests = new RequestBound(1, new AtomicInteger());
    Loop loop = new Loop(vertx, ListenerConfig.DEFAULT, requests, proxies, parts);
    Exchange made = new Exchange(loop, request);
    made.principal(RunningProxy.principal(KeyKind.MGP));
    return made;
  }

  @TearDown
  public void end() throws IOException {
    if (client != null) {
      client.close();
    }
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  @Benchmark
  public @Nullable Refusal gate() {
    return gate.check(arrived().request());
  }

  /** On a route that changes nothing. */
  @Benchmark
  public int requestHead() {
    return requestHead(plain);
  }

  /** On a route that sets one field and removes another. */
  @Benchmark
  public int requestHeadEdited() {
    return requestHead(edited);
  }

  private int requestHead(Route route) {
    arrived().route(route);
    head.begin("GET", upstream, arrived().request().uri());
    rules.toUpstream(arrived(), head, "orders:8080", true, true);
    ByteBuf bytes = head.end(PooledByteBufAllocator.DEFAULT);
    int length = bytes.readableBytes();
    bytes.release();
    return length;
  }

  private Exchange arrived() {
    if (exchange == null) {
      throw new IllegalStateException("no request arrived");
    }
    return exchange;
  }
}
