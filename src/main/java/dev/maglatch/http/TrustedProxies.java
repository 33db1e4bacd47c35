// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.http;

import inet.ipaddr.IPAddress;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import java.util.ArrayList;
import java.util.List;

/**
 * The proxies in front of this gateway whose word about the client is believed.
 *
 * <p>Immutable. With no range configured nothing is parsed: the peer is the client.
 */
public final class TrustedProxies {
  /** Believes nobody. */
  public static final TrustedProxies NONE = new TrustedProxies(new IpRanges(List.of()));

  private static final CharSequence X_FORWARDED_FOR =
      HttpHeaders.createOptimized("X-Forwarded-For");
  private static final int MAX_HOPS = 32;

  private final IpRanges ranges;

  public TrustedProxies(IpRanges ranges) {
    this.ranges = ranges;
  }

  /** Whether what {@code peer}, an IP address, says about the client is believed. */
  public boolean trusts(String peer) {
    return ranges.contains(peer);
  }

  /**
   * Returns the client's address in canonical form: the right-most hop of {@code X-Forwarded-For}
   * that is no trusted proxy if {@code peer} is one, else {@code peer} itself. A hop that is no
   * address ends the search, and so do 32 of them: the last proxy found then stands for the client.
   */
  public String clientAddress(String peer, MultiMap headers) {
    return ranges.isEmpty() ? canonical(peer) : behindProxies(peer, headers);
  }

  private String behindProxies(String peer, MultiMap headers) {
    IPAddress client = IpRanges.address(peer);
    if (client == null || !ranges.contains(client)) {
      return canonical(peer);
    }
    for (String hop : hopsFromTheRight(headers.getAll(X_FORWARDED_FOR))) {
      IPAddress next = IpRanges.address(withoutPort(hop));
      if (next == null) {
        break;
      }
      client = next;
      if (!ranges.contains(client)) {
        break;
      }
    }
    return client.toCanonicalString();
  }

  private static List<String> hopsFromTheRight(List<String> lines) {
    List<String> hops = new ArrayList<>();
    for (int i = lines.size() - 1; i >= 0; i--) {
      String line = lines.get(i);
      int end = line.length();
      while (end >= 0 && hops.size() < MAX_HOPS) {
        int comma = line.lastIndexOf(',', end - 1);
        hops.add(line.substring(comma + 1, end).strip());
        end = comma;
      }
    }
    return hops;
  }

  /** Takes the port off {@code 192.0.2.1:80} and {@code [2001:db8::1]:80}. */
  private static String withoutPort(String hop) {
    if (hop.startsWith("[")) {
      int end = hop.indexOf(']');
      return end < 0 ? "" : hop.substring(1, end);
    }
    int colon = hop.indexOf(':');
    return colon >= 0 && colon == hop.lastIndexOf(':') ? hop.substring(0, colon) : hop;
  }

  /** Spells IPv6 the short way and without a zone, so that it can be compared and stored. */
  private static String canonical(String peer) {
    if (peer.indexOf(':') < 0) {
      return peer;
    }
    IPAddress address = IpRanges.address(peer);
    return address == null ? peer : address.toCanonicalString();
  }
}
