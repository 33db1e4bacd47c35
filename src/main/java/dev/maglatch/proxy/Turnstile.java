// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.http.TrustedProxies;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetAddress;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Counts the connections of one listener from the moment the kernel hands them over, whether they
 * get to a request or not, and closes at once what is beyond the bounds.
 *
 * <p>In the pipeline of the channel that listens, whose thread it runs on, before connections are
 * given to event loops.
 */
final class Turnstile extends ChannelInboundHandlerAdapter {
  private final int most;
  private final int mostOfOnePeer;
  private final TrustedProxies proxies;
  private final ProxyMetrics metrics;
  private final AtomicInteger open = new AtomicInteger();
  private final PeerCounts peers = new PeerCounts();

  Turnstile(ListenerConfig listener, TrustedProxies proxies, ProxyMetrics metrics) {
    this.most = listener.maxConnections();
    this.mostOfOnePeer = listener.guards().maxConnectionsPerAddress();
    this.proxies = proxies;
    this.metrics = metrics;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (message instanceof Channel accepted && !enters(accepted)) {
      accepted.unsafe().closeForcibly();
    } else {
      context.fireChannelRead(message);
    }
  }

  private boolean enters(Channel accepted) {
    if (open.get() >= most) {
      metrics.connectionRefused(false);
      return false;
    }
    String peer = boundedPeer(accepted);
    if (peer != null && !peers.enter(peer, mostOfOnePeer)) {
      metrics.connectionRefused(true);
      return false;
    }
    open.incrementAndGet();
    accepted.closeFuture().addListener(closed -> left(peer));
    return true;
  }

  private void left(@Nullable String peer) {
    open.decrementAndGet();
    if (peer != null) {
      peers.leave(peer);
    }
  }

  /** Returns whom a connection is counted for; null if that one may have as many as it likes. */
  private @Nullable String boundedPeer(Channel accepted) {
    InetAddress address = mostOfOnePeer > 0 ? Connections.remoteAddress(accepted) : null;
    if (address == null) {
      return null;
    }
    String peer = ClientConnection.canonical(address.getHostAddress());
    return proxies.trusts(peer) ? null : peer;
  }
}
