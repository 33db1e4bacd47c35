// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.URLDecoder;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PathRulesTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "/a",
        "/a/",
        "/a/b.c",
        "/a.b/c..d",
        "/a-b_c~d!$&'()*+,=:@",
        "/[a]",
        "/a/b-.",
        "/...a"
      })
  void plainPathsHaveNoOtherReading(String path) {
    assertThat(PathRules.readings(path)).containsOnly(path);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/.",
        "/..",
        "/a/.",
        "/a/..",
        "/a/./b",
        "/a/../b",
        "/a//../b",
        "/../a",
        "/%2e",
        "/%2E%2e/a",
        "/.%2e/a",
        "/%2e./a",
        "/a%2f..%2fb",
        "/a/..%2fb",
        "/a%2F%2E%2E%2Fb",
        "/a/..;/b",
        "/a/..;x=1/b",
        "/a/.;/b",
        "/a/%2e%2e;/b",
        "/a/..%3b/b",
        "/a/%252e%252e/b",
        "/a/%25252e%25252e/b",
        "/%/%252e%252e/a",
        "/a%252f..%252fb",
        "/a\\b",
        "/a%5cb",
        "/a%5C..%5Cb",
        "/a%255cb",
        "/a%00",
        "/a%0d%0ab",
        "/a%1f",
        "/a%7f",
        "/a%2500b",
        "/a\u0000b",
        "/a\tb",
        "/a%",
        "/a%2",
        "/a%zz",
        "/a%u002e",
        "/%c0%ae%c0%ae/a",
        "/a%c0%af",
        "/a%c1%9c",
        "/%e0%80%ae",
        "/%f0%80%80%ae",
        "/%25252525252561"
      })
  void pathsThatSomebodyCouldReadAsAnEscapeAreNotAllowed(String path) {
    assertThat(PathRules.isPlain(path)).isFalse();
    assertThat(PathRules.readings(path)).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/caf%C3%A9",
        "/a%20b",
        "/a%2Fb",
        "/a//b",
        "//a",
        "/a;v=1/b",
        "/100%25",
        "/a%252Fb",
        "/%e9t%e9",
        "/.well-known/x",
        "/.../a",
        "/a/.b",
        "/a/..b"
      })
  void unusualButHarmlessPathsAreAllowed(String path) {
    assertThat(PathRules.readings(path)).isNotNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/%61dmin/x",
        "//admin/x",
        "/admin//x",
        "/admin%2fx",
        "/admin;a=b/x",
        "/admin%3ba/x",
        "/%2561dmin/x",
        "/;/admin/x",
        "/%2fadmin/x",
        "/a%64min/%78",
        "/admin;%2fb/%78",
        "/a%64min;%2fb/x",
        "/a%2564min;%252fb;/x"
      })
  void everySpellingOfAPathIsAmongItsReadings(String path) {
    assertThat(PathRules.readings(path)).contains("/admin/x");
  }

  @ParameterizedTest
  @CsvSource({"/%2561, true", "/%252561, true", "/%25252561, false"})
  void pathMayBeEncodedThreeTimes(String path, boolean allowed) {
    assertThat(PathRules.readings(path) != null).isEqualTo(allowed);
  }

  /** Whatever is plain must be one and the same to the JDK's own URI and decoder. */
  @Property(tries = 2_000)
  void plainPathsAreTheSameAfterDecodingAndNormalizing(@ForAll("paths") String path) {
    if (PathRules.isPlain(path)) {
      String asUri = path.replace("[", "%5B").replace("]", "%5D");
      assertThat(URI.create(asUri).normalize().getPath()).isEqualTo(path);
    }
  }

  /** No reading of an allowed path has anything left that a second reader could take otherwise. */
  @Property(tries = 5_000)
  void allowedPathsNeverLeaveTheirFolder(@ForAll("paths") String path) {
    List<String> readings = PathRules.readings(path);
    if (readings == null) {
      return;
    }
    String decoded = URLDecoder.decode(path.replace("+", "%2B"), ISO_8859_1);
    assertThat(decoded).doesNotContain("\\", "\0", "\r", "\n");
    assertThat((decoded + "/").replaceAll(";[^/]*", "")).doesNotContain("/../", "/./");
    assertThat(readings).contains(decoded.replaceAll("/+", "/"));
    String bare = path.replaceAll(";[^/]*", "").replace("+", "%2B");
    assertThat(readings).contains(URLDecoder.decode(bare, ISO_8859_1).replaceAll("/+", "/"));
  }

  @Provide
  Arbitrary<String> paths() {
    return Arbitraries.of(
            "/", "/", "a", "admin", ".", "..", "%2e", "%2f", "%5c", "%25", "2e", "2f", ";", "%3b",
            "%00", "%c0", "%af", "%ae", "[", "]", "+", "%zz")
        .list()
        .ofMaxSize(8)
        .map(parts -> "/" + String.join("", parts));
  }
}
