// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import dev.maglatch.http.IpRanges;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides where webhooks may go, so that nobody can make the gateway talk to what only the gateway
 * can reach. Immutable; safe on any thread.
 *
 * <p>Two questions, at two times. When a URL is set: is it one that could ever be right? No name is
 * resolved then, or the answer would tell what names there are inside. At each delivery: are all
 * addresses that the name has now allowed? Only to one of these may be connected.
 */
public final class DestinationGuard {
  private static final List<InetAddress> LOOPBACK =
      List.of(loopback(new byte[] {127, 0, 0, 0}), loopback(new byte[16]));

  private final boolean allowHttp;
  private final IpRanges allowed;

  public DestinationGuard(WebhookConfig config) {
    this.allowHttp = config.allowHttp();
    this.allowed = new IpRanges(config.allowedCidrs());
  }

  /** Whether {@code url} may be given for a key. Resolves no name. */
  public boolean accepts(String url) {
    return target(url) != null;
  }

  /** Returns what {@code url} names; null if nothing may ever be sent there. */
  @Nullable Target target(String url) {
    Target target = Target.of(url);
    if (target == null || (!target.tls() && !allowHttp)) {
      return null;
    }
    InetAddress literal = target.literal();
    return literal == null || admits(literal) ? target : null;
  }

  /**
   * Returns the addresses of a target that are known without a resolver and may be connected to;
   * null if its name has to be resolved.
   */
  @Nullable List<InetAddress> knownAddresses(Target target) {
    InetAddress literal = target.literal();
    if (literal != null) {
      return admits(literal) ? List.of(literal) : List.of();
    }
    return target.isLocalhost() ? LOOPBACK.stream().filter(this::admits).toList() : null;
  }

  /** Whether every one of {@code resolved} may be connected to, and there is one. */
  boolean admitsAll(List<InetAddress> resolved) {
    return !resolved.isEmpty() && resolved.stream().allMatch(this::admits);
  }

  private boolean admits(InetAddress address) {
    return allowed.contains(address.getHostAddress()) || PublicAddresses.contain(address);
  }

  private static InetAddress loopback(byte[] bytes) {
    bytes[bytes.length - 1] = 1;
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException impossible) {
      throw new IllegalStateException("4 or 16 bytes are an address", impossible);
    }
  }
}
