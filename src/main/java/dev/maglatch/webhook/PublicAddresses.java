// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import dev.maglatch.http.IpRanges;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;

/**
 * Tells addresses that anybody on the Internet may be reached at from those that mean something on
 * this machine or in its network only, by the special-purpose registries of IANA.
 */
final class PublicAddresses {
  private static final IpRanges NOT_PUBLIC_IPV4 =
      new IpRanges(
          List.of(
              "0.0.0.0/8", // this network
              "10.0.0.0/8",
              "100.64.0.0/10", // carrier-grade NAT, and a cloud's metadata
              "127.0.0.0/8",
              "168.63.129.16", // a cloud's agent, though the range is public
              "169.254.0.0/16", // link-local, and most clouds' metadata
              "172.16.0.0/12",
              "192.0.0.0/24", // protocol assignments
              "192.0.2.0/24", // documentation
              "192.88.99.0/24", // 6to4 relays
              "192.168.0.0/16",
              "198.18.0.0/15", // benchmarks
              "198.51.100.0/24", // documentation
              "203.0.113.0/24", // documentation
              "224.0.0.0/4", // multicast
              "240.0.0.0/4")); // reserved, and broadcast

  /** All unicast there is; loopback, link-local, private, multicast are elsewhere. */
  private static final IpRanges GLOBAL_IPV6 = new IpRanges(List.of("2000::/3"));

  private static final IpRanges NOT_PUBLIC_IPV6 =
      new IpRanges(
          List.of(
              "2001::/23", // protocol assignments: Teredo, benchmarks, ORCHID
              "2001:db8::/32", // documentation
              "2002::/16", // 6to4: an IPv4 address in disguise
              "2620:4f:8000::/48", // AS112
              "3fff::/20")); // documentation

  /** An IPv4 address follows, which a gateway of the network translates to. */
  private static final IpRanges NAT64 = new IpRanges(List.of("64:ff9b::/96"));

  private PublicAddresses() {}

  /** Whether {@code address} is public. An IPv4-mapped one never gets here: Java unmaps it. */
  static boolean contain(InetAddress address) {
    String text = address.getHostAddress();
    if (address instanceof Inet4Address) {
      return !NOT_PUBLIC_IPV4.contains(text);
    }
    if (NAT64.contains(text)) {
      return !NOT_PUBLIC_IPV4.contains(embedded(address).getHostAddress());
    }
    return GLOBAL_IPV6.contains(text) && !NOT_PUBLIC_IPV6.contains(text);
  }

  private static InetAddress embedded(InetAddress address) {
    byte[] bytes = address.getAddress();
    try {
      return InetAddress.getByAddress(Arrays.copyOfRange(bytes, bytes.length - 4, bytes.length));
    } catch (UnknownHostException impossible) {
      throw new IllegalStateException("four bytes are an address", impossible);
    }
  }
}
