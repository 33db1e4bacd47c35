// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.MultiMap;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrustedProxiesTest {
  private final TrustedProxies proxies =
      new TrustedProxies(new IpRanges(List.of("10.0.0.0/8", "2001:db8::/32", "192.0.2.7")));

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "10.0.0.1    | 203.0.113.9                       | 203.0.113.9",
        "10.0.0.1    | 198.51.100.1, 203.0.113.9         | 203.0.113.9",
        "10.0.0.1    | 203.0.113.9, 10.1.1.1             | 203.0.113.9",
        "10.0.0.1    | 203.0.113.9,192.0.2.7,10.1.1.1    | 203.0.113.9",
        "10.0.0.1    | 203.0.113.9:4711                  | 203.0.113.9",
        "2001:db8::1 | [2001:db9:0:0::5]:443             | 2001:db9::5",
        "10.0.0.1    | ::ffff:203.0.113.9                | 203.0.113.9",
        "::ffff:10.0.0.1 | 203.0.113.9                   | 203.0.113.9",
        "10.0.0.1    | 10.2.2.2, 10.3.3.3                | 10.2.2.2",
        "10.0.0.1    | 203.0.113.9, unknown, 10.3.3.3    | 10.3.3.3",
        "10.0.0.1    | 203.0.113.9, 127.1                | 10.0.0.1",
        "10.0.0.1    | 203.0.113.9, *                    | 10.0.0.1",
        "10.0.0.1    | 203.0.113.9, 10.0.0.0/8           | 10.0.0.1",
        "10.0.0.1    | ','                               | 10.0.0.1",
        "203.0.113.1 | 198.51.100.1                      | 203.0.113.1",
      })
  void clientIsTheRightMostHopThatIsNoProxy(String peer, String forwardedFor, String client) {
    assertThat(proxies.clientAddress(peer, forwarded(forwardedFor))).isEqualTo(client);
  }

  @Test
  void severalLinesAreOneList() {
    MultiMap headers = forwarded("198.51.100.1").add("x-forwarded-for", "203.0.113.9, 10.2.2.2");

    assertThat(proxies.clientAddress("10.0.0.1", headers)).isEqualTo("203.0.113.9");
  }

  @ParameterizedTest
  @CsvSource({"30, 203.0.113.9", "31, 203.0.113.9", "32, 10.0.0.2"})
  void clientIsLookedForBehindSoManyProxies(int behind, String client) {
    String hops = "203.0.113.9" + ", 10.0.0.2".repeat(behind);

    assertThat(proxies.clientAddress("10.0.0.1", forwarded(hops))).isEqualTo(client);
  }

  @Test
  void withoutTheHeaderTheProxyIsTheClient() {
    assertThat(proxies.clientAddress("10.0.0.1", MultiMap.caseInsensitiveMultiMap()))
        .isEqualTo("10.0.0.1");
  }

  @Test
  void nobodyIsBelievedByDefault() {
    assertThat(TrustedProxies.NONE.clientAddress("127.0.0.1", forwarded("203.0.113.9")))
        .isEqualTo("127.0.0.1");
    assertThat(TrustedProxies.NONE.trusts("127.0.0.1")).isFalse();
  }

  @Test
  void peerIsSpelledTheShortWayWithoutZone() {
    MultiMap none = MultiMap.caseInsensitiveMultiMap();

    assertThat(TrustedProxies.NONE.clientAddress("0:0:0:0:0:0:0:1", none)).isEqualTo("::1");
    assertThat(TrustedProxies.NONE.clientAddress("fe80:0:0:0:0:0:0:1%eth0", none))
        .isEqualTo("fe80::1");
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8, true",
    "10.0.0.1/8, true",
    "::/0, true",
    "192.0.2.7, true",
    "10.0.0.0/33, false",
    "10.0.0, false",
    "*, false",
    "10.0.0.0-9, false",
    "'', false",
    "example.org, false",
    "0x7f.1.1.1, false",
    "10.0.0.0/255.0.0.0, false"
  })
  void onlyAddressesAndCidrRangesAreRanges(String text, boolean range) {
    assertThat(IpRanges.isRange(text)).isEqualTo(range);
  }

  @Test
  void rangeWithHostBitsIsItsWholeBlock() {
    assertThat(new IpRanges(List.of("10.0.0.1/8")).contains("10.9.9.9")).isTrue();
  }

  private static MultiMap forwarded(String value) {
    return MultiMap.caseInsensitiveMultiMap().add("X-Forwarded-For", value);
  }
}
