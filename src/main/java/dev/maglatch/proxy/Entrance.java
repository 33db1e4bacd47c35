// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetSocket;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What the event loops of one listener share. Safe on any thread. */
public final class Entrance {
  /*
   * Vert.x does not tell which channel listens; only a connection knows, once it is ready for
   * requests. So the first one is our own.
   */
  private static final Duration KNOCK = Duration.ofSeconds(10); // for a first handshake, if busy

  private static final String HTTP2_PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  private static final byte[] HTTP2_SETTINGS = {0, 0, 0, 4, 0, 0, 0, 0, 0};

  private final @Nullable ServerCertificate certificate;
  private final IntConsumer listening;
  private final AtomicBoolean found = new AtomicBoolean();
  private final Promise<Channel> listener = Promise.promise();

  /** Null until the first event loop listens. */
  private @Nullable Future<Void> knock;

  /** What the event loops cannot share equally of the bound on requests; null until one asks. */
  private @Nullable AtomicInteger unlent;

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

  /**
   * Returns one event loop's part in a bound that holds for all of them.
   *
   * @param loops how many there are
   */
  synchronized RequestBound shareOf(int maxRequests, int loops) {
    AtomicInteger left = unlent;
    if (left == null) {
      left = new AtomicInteger(maxRequests % loops);
      unlent = left;
    }
    return new RequestBound(maxRequests / loops, left);
  }

  void listens(int actualPort) {
    listening.accept(actualPort);
  }

  /**
   * A connection has come from {@code queue}, the channel that listens.
   *
   * @param turnstile what all later ones go through
   */
  void accepted(Channel queue, Supplier<ChannelHandler> turnstile) {
    if (found.compareAndSet(false, true)) {
      queue
          .eventLoop()
          .execute(
              () -> {
                queue.pipeline().addFirst(turnstile.get());
                listener.complete(queue);
              });
    }
  }

  /**
   * Makes the first connection, whichever event loop comes first. Completes when later ones are
   * counted, or after ten seconds: then the first client's is taken for it.
   */
  synchronized Future<Void> knock(Vertx vertx, ListenerConfig config, int port) {
    Future<Void> knocked = knock;
    if (knocked == null) {
      knocked = knockOnce(vertx, config, port);
      knock = knocked;
    }
    return knocked;
  }

  private Future<Void> knockOnce(Vertx vertx, ListenerConfig config, int port) {
    NetClient knocking = vertx.createNetClient(knocking());
    return knocking
        .connect(port, config.host())
        .compose(open -> begin(open, config.protocols()))
        .compose(said -> listener.future())
        .timeout(KNOCK.toMillis(), TimeUnit.MILLISECONDS)
        .eventually(knocking::close)
        .<Void>mapEmpty()
        .otherwiseEmpty();
  }

  /** A connection that may become one of HTTP/2 is not ready for requests before it has. */
  private static Future<Void> begin(NetSocket open, Protocols protocols) {
    return protocols.h2c()
        ? open.write(Buffer.buffer(HTTP2_PREFACE).appendBytes(HTTP2_SETTINGS))
        : Future.succeededFuture();
  }

  /** It is ourselves whom we trust here, whatever the certificate says. */
  private NetClientOptions knocking() {
    return new NetClientOptions()
        .setSsl(certificate != null)
        .setTrustAll(true)
        .setHostnameVerificationAlgorithm("");
  }

  /** Returns the channel that listens; fails if no connection has told yet. */
  Future<Channel> listener() {
    return listener.future().isComplete()
        ? listener.future()
        : Future.failedFuture("no connection has told which channel listens");
  }
}
