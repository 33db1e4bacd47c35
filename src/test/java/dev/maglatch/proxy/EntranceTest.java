// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EntranceTest {
  private static final String LOOPBACK = "127.0.0.1";

  private final Vertx vertx = Vertx.vertx();
  private final Entrance entrance = new Entrance(null, port -> {});

  @AfterEach
  void close() {
    RunningProxy.await(vertx.close());
  }

  /** Each connection beyond the first one would be counted as a client's. */
  @Test
  void eventLoopsKnockOnceTogether() {
    AtomicInteger connections = new AtomicInteger();
    NetServer server =
        vertx
            .createNetServer()
            .connectHandler(
                socket -> {
                  connections.incrementAndGet();
                  entrance.accepted(listenerOf(socket), ChannelInboundHandlerAdapter::new);
                });
    int port = RunningProxy.await(server.listen(0, LOOPBACK)).actualPort();
    ListenerConfig config = ListenerConfig.DEFAULT.at(LOOPBACK, port);

    RunningProxy.await(
        Future.all(
            List.of(
                entrance.knock(vertx, config, port),
                entrance.knock(vertx, config, port),
                entrance.knock(vertx, config, port))));
    RunningProxy.await(entrance.knock(vertx, config, port));

    assertThat(entrance.listener().succeeded()).isTrue();
    assertThat(connections).hasValue(1);
  }

  private static Channel listenerOf(NetSocket socket) {
    return ((NetSocketInternal) socket).channelHandlerContext().channel().parent();
  }
}
