// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.channel.ChannelPipeline;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetSocket;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The pool with connections that fail in ways which real ones seldom do. */
class UpstreamPoolTest {
  private static final int VERY_MANY = 50_000;

  private final Vertx vertx = Vertx.vertx();

  @AfterEach
  void close() {
    RunningProxy.await(vertx.close());
  }

  /** Each failed waiter makes the pool connect for the next: not one call deeper each time. */
  @Test
  void attemptsThatFailAtOnceFailVeryManyWaiters() throws Exception {
    onLoop(
        loop -> {
          List<Promise<NetSocket>> attempts = new ArrayList<>();
          UpstreamPool pool =
              new UpstreamPool(
                  loop,
                  new ProxyConfig.Pool(1, VERY_MANY),
                  () -> attempts.isEmpty() ? first(attempts) : Future.failedFuture("closed"),
                  new RequestHead());
          List<Throwable> failures = new ArrayList<>();
          for (int i = 0; i < VERY_MANY; i++) {
            pool.acquire(new Failing(failures));
          }
          attempts.get(0).fail("closed");
          assertThat(failures).hasSize(VERY_MANY);
        });
  }

  /** A socket that is closed before the pool sees it takes no place. */
  @Test
  void connectionClosedAtOnceLeavesItsPlace() throws Exception {
    try (UpstreamServer upstream = new UpstreamServer()) {
      NetSocket closed =
          RunningProxy.await(vertx.createNetClient().connect(upstream.port(), "127.0.0.1"));
      ChannelPipeline handlers =
          ((NetSocketInternal) closed).channelHandlerContext().channel().pipeline();
      RunningProxy.await(closed.close());
      await().until(() -> handlers.names().size() == 1); // the end of it alone
      onLoop(
          loop -> {
            UpstreamPool pool =
                new UpstreamPool(
                    loop,
                    new ProxyConfig.Pool(1, 0),
                    () -> Future.succeededFuture(closed),
                    new RequestHead());
            List<Throwable> failures = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
              pool.acquire(new Failing(failures));
            }
            assertThat(failures).hasSize(3).hasOnlyElementsOfType(IOException.class);
          });
    }
  }

  /** Who gets a connection as soon as it is made keeps nobody from waiting for the next. */
  @Test
  void boundsAreTheSameBeforeTheFirstConnectionStands() throws Exception {
    onLoop(
        loop -> {
          List<Promise<NetSocket>> attempts = new ArrayList<>();
          UpstreamPool pool =
              new UpstreamPool(
                  loop,
                  new ProxyConfig.Pool(2, 3),
                  () -> {
                    attempts.add(Promise.promise());
                    return attempts.get(attempts.size() - 1).future();
                  },
                  new RequestHead());
          assertAdmits(pool, 2 + 3);
          assertThat(attempts).hasSize(2);
        });
  }

  /** One connection is made for all that there will be room for. */
  @Test
  void boundsOfHttp2AreTheSameBeforeTheFirstConnectionStands() throws Exception {
    try (UpstreamServer upstream = new UpstreamServer()) {
      UpstreamGroup.Link link =
          new UpstreamGroup.Link(
              UpstreamGroup.Protocol.H2C, Duration.ofSeconds(2), UpstreamTls.DEFAULT);
      Dialer dialer = new Dialer(vertx.createNetClient(), upstream.address(), link);
      onLoop(
          loop -> {
            ProxyConfig.Pool bounds = new ProxyConfig.Pool(1, 3);
            UpstreamPool upgrades = new UpstreamPool(loop, bounds, dialer::dial, new RequestHead());
            Http2Pool pool = new Http2Pool(loop, bounds, dialer, upgrades);
            assertAdmits(pool, Http2Connection.MAX_STREAMS + 3);
          });
    }
  }

  private static void assertAdmits(UpstreamLine line, int most) {
    List<Throwable> refused = new ArrayList<>();
    for (int i = 0; i < most; i++) {
      line.acquire(new Patient(refused));
    }
    assertThat(refused).isEmpty();
    line.acquire(new Patient(refused));
    assertThat(refused).singleElement().isInstanceOf(PoolBusyException.class);
  }

  private static Future<NetSocket> first(List<Promise<NetSocket>> attempts) {
    attempts.add(Promise.promise());
    return attempts.get(0).future();
  }

  private void onLoop(Consumer<Loop> action) throws Exception {
    CompletableFuture<Void> done = new CompletableFuture<>();
    vertx.runOnContext(
        now -> {
          try {
            action.accept(RunningProxy.loop(vertx));
            done.complete(null);
          } catch (Throwable failure) {
            done.completeExceptionally(failure);
          }
        });
    done.get(20, TimeUnit.SECONDS);
  }

  /** Takes note of what went wrong. */
  private record Failing(List<Throwable> failures) implements UpstreamLine.Waiter {
    @Override
    public void connected(UpstreamStream stream) {
      throw new AssertionError("connected");
    }

    @Override
    public void notConnected(Throwable cause) {
      failures.add(cause);
    }
  }

  /** Takes note of what went wrong, and keeps what it gets. */
  private record Patient(List<Throwable> failures) implements UpstreamLine.Waiter {
    @Override
    public void connected(UpstreamStream stream) {
      // nothing to send
    }

    @Override
    public void notConnected(Throwable cause) {
      failures.add(cause);
    }
  }
}
