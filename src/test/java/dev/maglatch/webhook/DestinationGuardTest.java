// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.IDN;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Nobody makes the gateway talk to what only the gateway can reach. */
class DestinationGuardTest {
  private static final long SEED = 20_261_121;

  /** So many of {@link #spellings} are spellings of an IPv4 address as such. */
  private static final int PLAIN_SPELLINGS = 9;

  private static final int SAMPLES = 4_000;
  private static final DestinationGuard STRICT = guard(false);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://example.com",
        "HTTPS://Example.COM/",
        "https://example.com./in",
        "https://example.com:443/in?x=1#there",
        "https://example.com:8443/in",
        "https://xn--bcher-kva.example/in",
        "https://bücher.example/in",
        "https://BÜCHER.example.:8443/in",
        "https://例え.テスト/in",
        "https://почта.рф/in",
        "https://1and1.example/in",
        "https://a-b.example/%2e%2e/é",
        "https://8.8.8.8/in",
        "https://[2606:4700::1111]/in",
        "https://[::ffff:8.8.8.8]/in",
        "https://[64:ff9b::808:808]/in",
        "https://localhost/in",
        "https://metadata.google.internal/"
      })
  void whatCouldBeRightMayBeSet(String url) {
    assertThat(STRICT.accepts(url)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // schemes
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "gopher://example.com/",
        "https:example.com",
        "//example.com/",
        "example.com",
        "",
        " ",
        " https://example.com/",
        "https://example.com/ x",
        "https://example.com/\n",
        "https://example.com/\u0000",
        "https://example.com/\ud800",
        // hosts that are none, or that readers disagree about
        "https://",
        "https:///in",
        "https://./in",
        "https://exa mple.com/",
        "https://exam_ple.com/",
        "https://example..com/",
        "https://example.com../",
        "https://-example.com/",
        "https://example.com%00.evil.example/",
        "https://%65xample.com/",
        "https://example.com\\@evil.example/",
        // beyond ASCII, where readers disagree about the host
        "https://straße.example/",
        "https://bu\u0308cher.example/",
        "https://b\u00fccher\u200d.example/",
        "https://b\u00adücher.example/",
        "https://bücher_.example/",
        "https://-bücher.example/",
        "https://bücher..example/",
        "https://bücher。example/",
        "https://bücher\uff0eexample/",
        "https://ex\u0430mple.com\u2024evil/",
        "https://bücher@example.com/",
        "https://u@bücher.example/",
        "https://bücher.example:22/",
        "https://bücher.example:x/",
        "https://bücher.127/",
        "https://bücher.0x7f/",
        "https://[bücher]/",
        "https://ｅxample.com/",
        "https://①27.0.0.1/",
        "https://127．0．0．1/",
        "https://１２７.0.0.1/",
        "https://127。0。0。1/",
        "https://ⓛocalhost/",
        // user information
        "https://user@example.com/",
        "https://user:pw@example.com/",
        "https://@example.com/",
        "https://example.com@127.0.0.1/",
        // ports
        "https://example.com:0/",
        "https://example.com:22/",
        "https://example.com:25/",
        "https://example.com:1023/",
        "https://example.com:65536/",
        "https://example.com:99999999999/",
        "https://example.com:-1/",
        "https://example.com:0x1bb/",
        // 127.0.0.1, spelt otherwise
        "https://127.0.0.1/",
        "https://127.0.0.1./",
        "https://127.1/",
        "https://127.0.1/",
        "https://0177.0.0.1/",
        "https://00127.0.0.1/",
        "https://127.0.0.01/",
        "https://0x7f.0.0.1/",
        "https://0x7f.1/",
        "https://0x7f000001/",
        "https://0X7F000001/",
        "https://2130706433/",
        "https://017700000001/",
        "https://0/",
        "https://0x/",
        "https://foo.0x7f/",
        "https://foo.127/",
        "https://127.0.0.256/",
        "https://1.2.3.4.5/",
        "https://8.8.8.8.8/",
        // IPv6
        "https://[::1]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[0:0:0:0:0:ffff:a9fe:a9fe]/",
        "https://[::127.0.0.1]/",
        "https://[::8.8.8.8]/",
        "https://[64:ff9b::127.0.0.1]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[64:ff9b:1::808:808]/",
        "https://[2002:7f00:1::]/",
        "https://[2002:808:808::1]/",
        "https://[2001:0:808:808::1]/",
        "https://[2001:2::1]/",
        "https://[2001:db8::1]/",
        "https://[3fff::1]/",
        "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://[2606:4700::1111%25eth0]/",
        "https://[fec0::1]/",
        "https://[fc00::1]/",
        "https://[fd00:ec2::254]/",
        "https://[ff02::1]/",
        "https://[100::1]/",
        "https://[5f00::1]/",
        "https://[::ffff:0:127.0.0.1]/",
        "https://[v1.x]/",
        "https://[]/",
        "https://::1/"
      })
  void whatCanNeverBeRightIsRefused(String url) {
    assertThat(STRICT.accepts(url)).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "0.0.0.0, 0.255.255.255",
    "10.0.0.0, 10.255.255.255",
    "100.64.0.0, 100.127.255.255",
    "100.100.100.200, 100.100.100.200",
    "127.0.0.0, 127.255.255.255",
    "168.63.129.16, 168.63.129.16",
    "169.254.0.0, 169.254.255.255",
    "169.254.169.254, 169.254.170.2",
    "172.16.0.0, 172.31.255.255",
    "192.0.0.0, 192.0.0.255",
    "192.0.2.0, 192.0.2.255",
    "192.88.99.0, 192.88.99.255",
    "192.168.0.0, 192.168.255.255",
    "198.18.0.0, 198.19.255.255",
    "198.51.100.0, 198.51.100.255",
    "203.0.113.0, 203.0.113.255",
    "224.0.0.0, 239.255.255.255",
    "240.0.0.0, 255.255.255.255"
  })
  void rangesAreRefusedToTheirEnds(String first, String last) {
    assertThat(STRICT.accepts("https://" + first + "/")).isFalse();
    assertThat(STRICT.accepts("https://" + last + "/")).isFalse();
    assertThat(STRICT.admitsAll(List.of(address(first)))).isFalse();
    assertThat(STRICT.admitsAll(List.of(address(last)))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "168.63.129.15",
        "168.63.129.17",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "1.0.0.0",
        "[2000::]",
        "[2001:200::]",
        "[2003::1]",
        "[2606:4700::1]",
        "[3ffe::1]"
      })
  void whatLiesBesideTheRangesIsPublic(String host) {
    assertThat(STRICT.accepts("https://" + host + "/")).isTrue();
  }

  /** However an address that is not public is spelt, it is refused. */
  @Test
  void noSpellingOfAnInnerAddressGetsThrough() {
    Random random = new Random(SEED);
    for (int i = 0; i < SAMPLES; i++) {
      int[] parts = innerAddress(random);
      for (String host : spellings(parts)) {
        assertThat(STRICT.accepts("https://" + host + "/in")).as(host).isFalse();
      }
    }
  }

  /** And a public one only if it is written as everybody writes it. */
  @Test
  void everyOtherSpellingOfAPublicAddressIsRefusedToo() {
    Random random = new Random(SEED);
    for (int i = 0; i < SAMPLES; i++) {
      int[] parts = {1 + random.nextInt(9), random.nextInt(256), 8 + random.nextInt(248), 77};
      List<String> all = spellings(parts);
      assertThat(STRICT.accepts("https://" + all.get(0) + "/in")).as(all.get(0)).isTrue();
      for (String other : all.subList(1, PLAIN_SPELLINGS)) {
        assertThat(STRICT.accepts("https://" + other + "/in")).as(other).isFalse();
      }
    }
  }

  /** Whatever the text: what is accepted names one host, and that is the one connected to. */
  @Test
  void noTextConfusesTheReader() {
    Random random = new Random(SEED);
    String[] pieces = {
      "https://", "http://", "127.0.0.1", "example.com", "@", ":", "/", "\\", "#", "?", "[", "]",
      "::1", "%2e", "%00", ".", "0x7f", "1", "\t", "localhost", "443", "-", "é", "[::ffff:10.0.0.1]"
    };
    for (int i = 0; i < SAMPLES; i++) {
      StringBuilder text = new StringBuilder("https://");
      for (int piece = random.nextInt(6); piece >= 0; piece--) {
        text.append(pieces[random.nextInt(pieces.length)]);
      }
      Target target = STRICT.target(text.toString());
      if (target != null) {
        assertThat(target.authority()).as(text.toString()).doesNotContain("@", "\\", "%", "/", "#");
        assertThat(target.host()).as(text.toString()).isNotEqualTo("127.0.0.1");
        assertThat(target.literal()).as(text.toString()).isNull();
        assertThat(text.toString().toLowerCase(Locale.ROOT))
            .startsWith("https://" + IDN.toUnicode(target.host()));
        assertThat(target.path()).startsWith("/").doesNotContain("#", " ", "\t", "\\");
      }
    }
  }

  /** A host beyond ASCII is taken only as what everybody reads, and never as an address. */
  @Test
  void hostBeyondAsciiIsWhatWasWritten() {
    Random random = new Random(SEED);
    String[] pieces = {
      "bücher", "例え", "почта", "１２７", "①", "ß", "ς", "\u200c", "\u200d", "\u00ad", "。", "．", "｡",
      ".", "127", "0x7f", "0", "1", "-", "xn--", "xn--bcher-kva", "ⓛocalhost", "localhost", "ﬁ",
          "İ", "K",
      "\u0308", "example", "com", "\u202e", "٣", "\ud83d\ude00", "_", "℡", "㏂"
    };
    int accepted = 0;
    for (int i = 0; i < SAMPLES; i++) {
      StringBuilder host = new StringBuilder();
      for (int piece = random.nextInt(5); piece >= 0; piece--) {
        host.append(pieces[random.nextInt(pieces.length)]);
      }
      Target target = STRICT.target("https://" + host + "/in");
      if (target != null) {
        accepted++;
        assertThat(target.host()).as(host.toString()).matches("[a-z0-9.-]+");
        assertThat(target.literal()).as(host.toString()).isNull();
        assertThat(STRICT.target("https://" + target.host() + "/in")).isEqualTo(target);
        if (!host.toString().chars().allMatch(c -> c < 0x80)) {
          assertThat(IDN.toUnicode(target.host(), IDN.USE_STD3_ASCII_RULES))
              .isEqualTo(host.toString().toLowerCase(Locale.ROOT).replaceFirst("\\.$", ""));
        }
      }
    }
    assertThat(accepted).isGreaterThan(SAMPLES / 50);
  }

  @ParameterizedTest
  @CsvSource({
    "https://Example.com, example.com, 443, example.com, /",
    "https://example.com.:8443/a/../b?c=/d#e, example.com, 8443, example.com:8443, /a/../b?c=/d",
    "https://example.com?x=1, example.com, 443, example.com, /?x=1",
    "https://example.com?x=/1, example.com, 443, example.com, /?x=/1",
    "https://example.com#/x, example.com, 443, example.com, /",
    "https://Bücher.example/é?ü#ü, xn--bcher-kva.example, 443, xn--bcher-kva.example, /%C3%A9?%C3%BC",
    "https://bücher.example.:8443, xn--bcher-kva.example, 8443, xn--bcher-kva.example:8443, /",
    "https://[2606:4700::1]:8443/é, [2606:4700::1], 8443, [2606:4700::1]:8443, /%C3%A9",
  })
  void targetIsReadOnce(String url, String host, int port, String authority, String path) {
    Target target = requireNonNull(STRICT.target(url));

    assertThat(target.tls()).isTrue();
    assertThat(target.host()).isEqualTo(host);
    assertThat(target.port()).isEqualTo(port);
    assertThat(target.authority()).isEqualTo(authority);
    assertThat(target.path()).isEqualTo(path);
  }

  @Test
  void configurationOpensHttpAndNamedRanges() {
    DestinationGuard open =
        new DestinationGuard(WebhookConfig.of(true, List.of("127.0.0.0/8", "fd00::/8")));

    assertThat(open.accepts("http://example.com/")).isTrue();
    assertThat(open.accepts("http://127.0.0.1:8080/in")).isTrue();
    assertThat(open.accepts("http://[::ffff:127.0.0.1]/in")).isTrue();
    assertThat(open.accepts("https://[fd12::1]/in")).isTrue();
    assertThat(open.accepts("http://10.0.0.1/in")).isFalse();
    assertThat(open.accepts("http://[::1]/in")).isFalse();
    assertThat(open.accepts("http://2130706433/in")).isFalse();
    assertThat(guard(true).accepts("http://127.0.0.1/in")).isFalse();
  }

  @Test
  void oneBadAddressAmongManyRefusesTheName() {
    InetAddress good = address("8.8.8.8");

    assertThat(STRICT.admitsAll(List.of(good, address("2606:4700::1")))).isTrue();
    assertThat(STRICT.admitsAll(List.of(good, address("127.0.0.1")))).isFalse();
    assertThat(STRICT.admitsAll(List.of(address("::1"), good))).isFalse();
    assertThat(STRICT.admitsAll(List.of(good, address("::ffff:10.0.0.1")))).isFalse();
    assertThat(STRICT.admitsAll(List.of())).isFalse();
  }

  /** Whatever a resolver says of it, this name means the machine itself. */
  @Test
  void localhostIsNeverResolved() {
    DestinationGuard inside = new DestinationGuard(WebhookConfig.of(true, List.of("127.0.0.1")));
    for (String host : List.of("localhost", "LOCALHOST.", "a.localhost")) {
      Target target = requireNonNull(inside.target("http://" + host + ":8080/"));
      assertThat(inside.knownAddresses(target)).containsExactly(address("127.0.0.1"));
      assertThat(STRICT.knownAddresses(target)).isEmpty();
    }
    assertThat(STRICT.knownAddresses(requireNonNull(STRICT.target("https://a.example")))).isNull();
  }

  private static List<String> spellings(int[] p) {
    long whole = ((long) p[0] << 24) | (p[1] << 16) | (p[2] << 8) | p[3];
    String dotted = p[0] + "." + p[1] + "." + p[2] + "." + p[3];
    return Stream.of(
            dotted,
            String.format("0%o.0%o.0%o.0%o", p[0], p[1], p[2], p[3]),
            String.format("0x%x.0x%x.0x%x.0x%x", p[0], p[1], p[2], p[3]),
            String.format("0x%x.%d.0%o.%d", p[0], p[1], p[2], p[3]),
            p[0] + "." + p[1] + "." + ((p[2] << 8) | p[3]),
            p[0] + "." + ((p[1] << 16) | (p[2] << 8) | p[3]),
            Long.toString(whole),
            "0x" + Long.toHexString(whole),
            "0" + Long.toOctalString(whole),
            "[::ffff:" + dotted + "]",
            String.format("[::ffff:%x:%x]", (p[0] << 8) | p[1], (p[2] << 8) | p[3]),
            "[::" + dotted + "]",
            "[64:ff9b::" + dotted + "]",
            String.format("[2002:%x:%x::1]", (p[0] << 8) | p[1], (p[2] << 8) | p[3]))
        .toList();
  }

  private static int[] innerAddress(Random random) {
    int a = random.nextInt(256);
    int b = random.nextInt(256);
    int c = random.nextInt(256);
    return switch (random.nextInt(7)) {
      case 0 -> new int[] {10, a, b, c};
      case 1 -> new int[] {127, a, b, c};
      case 2 -> new int[] {169, 254, a, b};
      case 3 -> new int[] {172, 16 + a % 16, b, c};
      case 4 -> new int[] {192, 168, a, b};
      case 5 -> new int[] {100, 64 + a % 64, b, c};
      default -> new int[] {224 + a % 32, b, c, a};
    };
  }

  private static DestinationGuard guard(boolean allowHttp) {
    return new DestinationGuard(WebhookConfig.of(allowHttp, List.of()));
  }

  private static InetAddress address(String literal) {
    try {
      return InetAddress.getByName(literal);
    } catch (UnknownHostException wrong) {
      throw new IllegalArgumentException(wrong);
    }
  }
}
