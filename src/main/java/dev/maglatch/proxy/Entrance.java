// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.netty.channel.Channel;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** What the event loops of one listener share. Safe on any thread. */
public final class Entrance {
  private static final Duration KNOCK = Duration.ofSeconds(1);

  private final @Nullable ServerCertificate certificate;
  private final IntConsumer listening;
  private final PeerCounts peers = new PeerCounts();
  private final Promise<Channel> listener = Promise.promise();
  private volatile int port;

  /**
   * @param certificate what TLS shows; null if the listener speaks plain text
   * @param listening told the actual port once connections are accepted, by every event loop
   */
  public Entrance(@Nullable ServerCertificate certificate, IntConsumer listening) {
    this.certificate = certificate;
    this.listening = listening;
  }

  @Nullable ServerCertificate certificate() {
    return certificate;
  }

  void listens(int actualPort) {
    port = actualPort;
    listening.accept(actualPort);
  }

  /** A connection has come from {@code queue}, the channel that listens. */
  void accepted(Channel queue) {
    listener.tryComplete(queue);
  }

  /**
   * Returns the channel that listens, which only a connection knows: if there was none yet, this
   * makes one. Fails if that is not taken up either, within a second, and for TLS, where a
   * connection counts only after its handshake.
   */
  Future<Channel> listener(Vertx vertx, String host) {
    if (listener.future().isComplete()) {
      return listener.future();
    }
    if (certificate != null) {
      return Future.failedFuture("no connection has told which channel listens");
    }
    NetClient knocking = vertx.createNetClient();
    return knocking
        .connect(port, host)
        .compose(connected -> listener.future())
        .timeout(KNOCK.toMillis(), TimeUnit.MILLISECONDS)
        .eventually(knocking::close);
  }

  PeerCounts peers() {
    return peers;
  }
}
