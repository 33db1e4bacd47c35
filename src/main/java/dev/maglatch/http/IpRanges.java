// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.http;

import inet.ipaddr.AddressStringParameters.RangeParameters;
import inet.ipaddr.IPAddress;
import inet.ipaddr.IPAddressString;
import inet.ipaddr.IPAddressStringParameters;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A set of IP addresses, given as addresses and CIDR ranges. Parsed once, immutable.
 *
 * <p>Only the usual spellings are read: four decimal numbers, or RFC 4291 text. IPv4-mapped IPv6
 * addresses count as IPv4.
 */
public final class IpRanges {
  private static final IPAddressStringParameters STRICT =
      new IPAddressStringParameters.Builder()
          .allowEmpty(false)
          .allowAll(false)
          .allowSingleSegment(false)
          .allowWildcardedSeparator(false)
          .setRangeOptions(RangeParameters.NO_RANGE)
          .allowMask(false)
          .allowPrefix(false)
          .allowPrefixOnly(false)
          .getIPv4AddressParametersBuilder()
          .allow_inet_aton(false)
          .allowLeadingZeros(false)
          .allowBinary(false)
          .getParentBuilder()
          .getIPv6AddressParametersBuilder()
          .allowBase85(false)
          .allowBinary(false)
          .allowZone(false)
          .getParentBuilder()
          .toParams();
  private static final IPAddressStringParameters STRICT_OR_PREFIX =
      STRICT.toBuilder().allowPrefix(true).toParams();

  /** Length of {@code ::ffff:0:0/96}, which holds all of IPv4. */
  private static final int MAPPED_BITS = 96;

  private final IPAddress[] ranges;

  /** Throws {@link IllegalArgumentException} for a text that is not {@link #isRange}. */
  public IpRanges(List<String> ranges) {
    this.ranges = ranges.stream().map(IpRanges::parse).toArray(IPAddress[]::new);
  }

  /** Whether {@code text} is an IP address or a CIDR range. */
  public static boolean isRange(String text) {
    return range(text) != null;
  }

  public boolean isEmpty() {
    return ranges.length == 0;
  }

  /** Whether {@code address} is in one of the ranges; false for a text that is no address. */
  public boolean contains(String address) {
    return ranges.length > 0 && contains(address(address));
  }

  boolean contains(@Nullable IPAddress address) {
    if (address == null) {
      return false;
    }
    for (IPAddress range : ranges) {
      if (range.contains(address)) {
        return true;
      }
    }
    return false;
  }

  /** Returns the address, or null if {@code text} is none; a zone is left out. */
  static @Nullable IPAddress address(String text) {
    int zone = text.indexOf('%');
    String unzoned = zone < 0 ? text : text.substring(0, zone);
    return unmapped(new IPAddressString(unzoned, STRICT).getAddress());
  }

  private static IPAddress parse(String text) {
    IPAddress range = range(text);
    if (range == null) {
      throw new IllegalArgumentException(text + " (expected: an IP address or a CIDR range)");
    }
    return range;
  }

  private static @Nullable IPAddress range(String text) {
    IPAddress range = new IPAddressString(text, STRICT_OR_PREFIX).getAddress();
    if (range == null) {
      return null;
    }
    return range.isPrefixed() ? unmappedBlock(range.toPrefixBlock()) : unmapped(range);
  }

  /** Addresses are looked up as IPv4, so a block of mapped ones has to be one of IPv4. */
  private static IPAddress unmappedBlock(IPAddress block) {
    Integer prefix = block.getNetworkPrefixLength();
    IPAddress first = block.getLower().withoutPrefixLength();
    boolean mapped = first.isIPv6() && first.toIPv6().isIPv4Mapped();
    return mapped && prefix != null && prefix >= MAPPED_BITS
        ? first.toIPv6().getEmbeddedIPv4Address().toPrefixBlock(prefix - MAPPED_BITS)
        : block;
  }

  private static @Nullable IPAddress unmapped(@Nullable IPAddress address) {
    return address != null && address.isIPv6() && address.toIPv6().isIPv4Mapped()
        ? address.toIPv6().getEmbeddedIPv4Address()
        : address;
  }
}
