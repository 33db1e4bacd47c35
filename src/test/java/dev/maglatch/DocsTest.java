// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The documentation is served from memory, the same on both listeners, and loads nothing. */
class DocsTest {
  private static final String PAGE = "/_maglatch/docs";
  private static final String FILE = "/_maglatch/openapi.yaml";
  private static final Pattern LOADED = Pattern.compile("(?:src|href)=\"([^\"]*)\"");
  private static final Pattern ELSEWHERE = Pattern.compile("@import|url\\([\"']?+(?!data:).{0,40}");
  private static final Pattern QUOTED = Pattern.compile("`([^`]++)`");
  private static final Pattern RULES =
      Pattern.compile("[Rr]ules?[\\s*]++\\d++(?:(?:, | and )\\d++)*+");
  private static final Pattern NUMBER = Pattern.compile("\\d++");
  private static UnstartedGateway gateway;

  @BeforeAll
  static void start() {
    gateway = UnstartedGateway.of(Map.of("MAGLATCH_HTTP_DOCS", "true"));
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  @Test
  void pageAndAllThatItLoadsAreServedOnBothListeners() {
    for (int port : gateway.ports()) {
      HttpResponse<String> page = gateway.get(port, PAGE);
      assertThat(page.statusCode()).isEqualTo(200);
      assertThat(page.headers().firstValue("content-type")).contains("text/html; charset=utf-8");

      Matcher loaded = LOADED.matcher(page.body());
      while (loaded.find()) {
        if (!loaded.group(1).startsWith("data:")) {
          String path = "/_maglatch/" + loaded.group(1);
          assertThat(gateway.get(port, path).statusCode()).as(path).isEqualTo(200);
        }
      }
      assertThat(gateway.get(port, FILE).body()).contains("openapi: 3.1");
    }
  }

  /** A page that may load nothing from elsewhere cannot tell anybody elsewhere either. */
  @Test
  void everyFileCarriesAPolicyThatAllowsItsOwnOriginAlone() {
    for (int port : gateway.ports()) {
      for (String path : List.of(PAGE, FILE, PAGE + "/docs.js", PAGE + "/swagger-ui.css")) {
        HttpResponse<String> answer = gateway.get(port, path);
        assertThat(answer.headers().allValues("content-security-policy"))
            .as(path)
            .singleElement()
            .asString()
            .startsWith("default-src 'none'; script-src 'self'; style-src 'self';")
            .doesNotContain("unsafe")
            .doesNotContain("http")
            .doesNotContain("*");
        assertThat(answer.headers().firstValue("x-content-type-options")).contains("nosniff");
      }
    }
  }

  @Test
  void pagesNameNoOtherOrigin() {
    String page = gateway.get(gateway.opsPort(), PAGE).body();
    assertThat(page).doesNotContain("//").doesNotContain("<style").doesNotContain(" style=");
    assertThat(page).doesNotContainPattern("<script(?![^>]*src=)");
    assertThat(gateway.get(gateway.opsPort(), PAGE + "/docs.js").body())
        .doesNotContainPattern("https?:")
        .contains("validatorUrl: null");
    String styles = gateway.get(gateway.opsPort(), PAGE + "/swagger-ui.css").body();
    assertThat(ELSEWHERE.matcher(styles).results().map(MatchResult::group)).isEmpty();
  }

  @Test
  void unknownAssetsAreNotFound() {
    for (int port : gateway.ports()) {
      for (String asset :
          List.of("swagger-ui.js", "docs.html", "x", "%2e%2e%2fopenapi%2fmaglatch.yaml")) {
        HttpResponse<String> answer = gateway.get(port, PAGE + "/" + asset);
        assertThat(answer.statusCode()).as(asset).isIn(404, 400);
        assertThat(answer.body()).startsWith("{\"error\":");
      }
    }
  }

  @Test
  void bigFilesAreSentCompressedAndNotTwice() {
    String script = PAGE + "/swagger-ui-bundle.js";
    for (int port : gateway.ports()) {
      HttpResponse<String> packed = gateway.get(port, script, "Accept-Encoding", "br, gzip;q=0.8");
      HttpResponse<String> plain = gateway.get(port, script, "Accept-Encoding", "gzip;q=0");
      assertThat(packed.headers().allValues("content-encoding")).containsExactly("gzip");
      assertThat(length(packed)).isLessThan(700_000);
      assertThat(plain.headers().firstValue("content-encoding")).isEmpty();
      assertThat(length(plain)).isGreaterThan(1_000_000);

      String tag = packed.headers().firstValue("etag").orElseThrow();
      HttpResponse<String> again = gateway.get(port, script, "If-None-Match", tag);
      assertThat(again.statusCode()).isEqualTo(304);
      assertThat(again.body()).isEmpty();
    }
  }

  /** On the listener for operators the routes are elsewhere, and the policy would stop the page. */
  @Test
  void pageOffersToSendRequestsOnThePublicListenerOnly() {
    assertThat(gateway.get(gateway.publicPort(), PAGE).body()).contains("data-try-out=\"yes\"");
    assertThat(gateway.get(gateway.opsPort(), PAGE).body()).contains("data-try-out=\"no\"");
  }

  @Test
  void publicListenerServesNoneOfItUnlessToldTo() {
    try (UnstartedGateway quiet = UnstartedGateway.of(Map.of())) {
      for (String path : List.of(PAGE, FILE, PAGE + "/docs.js")) {
        HttpResponse<String> answer = quiet.get(quiet.publicPort(), path);
        assertThat(answer.statusCode()).as(path).isEqualTo(404);
        assertThat(answer.body()).isEqualTo("not an own route");
        assertThat(quiet.get(quiet.opsPort(), path).statusCode()).as(path).isEqualTo(200);
      }
    }
  }

  /** A rule that nobody keeps, or that no test proves, is a wish. */
  @Test
  void everyRuleNamesTheClassesThatKeepItAndTheTestsThatProveIt() throws IOException {
    List<String> rules =
        Files.readAllLines(Path.of("src/docs/architecture.md")).stream()
            .filter(line -> line.matches("\\| \\d+ \\|.*"))
            .toList();
    assertThat(rules).hasSize(10);
    for (int rule = 1; rule <= rules.size(); rule++) {
      String[] cells = rules.get(rule - 1).split("\\|", -1);
      assertThat(cells[1].strip()).isEqualTo(String.valueOf(rule));
      for (String kept : quoted(cells[2])) {
        assertThat(rulesNamedIn(source("src/main", kept))).as(kept).contains(rule);
      }
      for (String test : quoted(cells[3])) {
        String[] name = test.split("\\.", -1);
        String source = source("src/test", name[0]);
        assertThat(source).as(test).contains("void " + name[1] + "(");
        assertThat(rulesNamedIn(source)).as(test).contains(rule);
      }
    }
  }

  private static List<String> quoted(String cell) {
    List<String> names = QUOTED.matcher(cell).results().map(found -> found.group(1)).toList();
    assertThat(names).as(cell).isNotEmpty();
    return names;
  }

  private static String source(String root, String name) throws IOException {
    String file = name.endsWith(".sql") ? name : name.replace('.', '/') + ".java";
    try (Stream<Path> all = Files.walk(Path.of(root))) {
      List<Path> found = all.filter(path -> path.endsWith(file)).toList();
      assertThat(found).as(name).hasSize(1);
      return Files.readString(found.get(0));
    }
  }

  private static Set<Integer> rulesNamedIn(String source) {
    Set<Integer> rules = new TreeSet<>();
    RULES
        .matcher(source)
        .results()
        .flatMap(named -> NUMBER.matcher(named.group()).results())
        .forEach(number -> rules.add(Integer.valueOf(number.group())));
    return rules;
  }

  private static long length(HttpResponse<String> answer) {
    return answer.headers().firstValueAsLong("content-length").orElseThrow();
  }
}
