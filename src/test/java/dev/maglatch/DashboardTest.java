// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The pages as a browser without scripts gets them. */
class DashboardTest {
  private static TestDashboard dashboard;
  private WebVisitor visitor;

  @BeforeAll
  static void start() {
    dashboard = TestDashboard.start();
  }

  @AfterAll
  static void stop() {
    dashboard.close();
  }

  @BeforeEach
  void visit() {
    visitor = dashboard.visitor();
  }

  @Test
  void whoIsNotSignedInIsAskedToAndComesBackToWhereHeWanted() {
    HttpResponse<String> answer = visitor.get("/dashboard/?kind=mgp");
    assertThat(answer.statusCode()).isEqualTo(303);
    String signIn = answer.headers().firstValue("location").orElseThrow();
    assertThat(signIn).isEqualTo("/dashboard/sign-in?next=%2Fdashboard%2F%3Fkind%3Dmgp");

    String email = visitor.signUp();
    HttpResponse<String> back =
        visitor.submit(visitor.page(signIn), Map.of("email", email, "password", "correct horse"));

    assertThat(back.statusCode()).isEqualTo(303);
    assertThat(back.headers().firstValue("location")).contains("/dashboard/?kind=mgp");
    assertThat(visitor.page("/dashboard/").text()).contains("No keys yet", email);
  }

  /** A link that somebody sends must not make the sign-in lead to another site. */
  @Test
  void signInLeadsToNoOtherSite() {
    String email = visitor.signUp();
    for (String elsewhere :
        List.of("https://evil.example/", "//evil.example/dashboard/", "/dashboard/\r\nX: y")) {
      HttpResponse<String> answer =
          visitor.post(
              "/dashboard/sign-in",
              Map.of("email", email, "password", "correct horse", "next", elsewhere));
      assertThat(answer.headers().firstValue("location")).as(elsewhere).contains("/dashboard/");
    }
  }

  @Test
  void wrongPasswordIsToldInThePage() {
    String email = visitor.signUp();
    HttpResponse<String> answer =
        visitor.post("/dashboard/sign-in", Map.of("email", email, "password", "wrong"));

    assertThat(answer.statusCode()).isEqualTo(401);
    Document page = WebVisitor.document(answer);
    assertThat(page.select("[role=alert]").text()).contains("do not belong together");
    assertThat(page.select("#email").val()).isEqualTo(email);
    assertThat(answer.headers().firstValue("set-cookie")).isEmpty();
  }

  @Test
  void keyIsMadeShownOnceUsedAndRevokedWithoutAnyScript() {
    visitor.signIn();
    Document form = visitor.page(visitor.link("/dashboard/", "Generate new key"));
    HttpResponse<String> made = visitor.submit(form, Map.of("kind", "mgp", "name", "<b>ci</b>"));

    assertThat(made.statusCode()).isEqualTo(200);
    assertThat(made.headers().firstValue("cache-control")).contains("no-store");
    Document shown = WebVisitor.document(made);
    String key = shown.select("#token").text();
    assertThat(key).matches("mgp_[0-9a-f]{40}");
    assertThat(shown.select("pre").eachText()).hasSize(4).allMatch(code -> code.contains(key));
    assertThat(dashboard.status(key)).isEqualTo(200);

    Document list = visitor.page("/dashboard/");
    Element row = list.select("tbody tr").first();
    assertThat(row).isNotNull();
    assertThat(row.text()).contains("<b>ci</b>", key.substring(0, 8) + "...", "Magpipe", "Active");
    assertThat(list.html()).doesNotContain(key);

    Document question = visitor.page(row.select("a:contains(Revoke)").attr("href"));
    assertThat(question.text()).contains("<b>ci</b>", "It was last used", "127.0.0.1");
    Document done = WebVisitor.document(visitor.submit(question, Map.of()));
    assertThat(done.select("main").text()).contains("1 of 1 replica confirmed");
    assertThat(dashboard.status(key)).isEqualTo(401);
    assertThat(visitor.page("/dashboard/").select("tbody tr").text()).contains("Revoked");
  }

  @Test
  void keysOfEveryKindCanBeMadeAndUsed() {
    visitor.signIn();
    Map<String, String> forms = Map.of("mp", "", "mgp", "pipe", "org", "organization");
    forms.forEach(
        (kind, name) -> {
          Document shown =
              WebVisitor.document(
                  visitor.post(
                      "/dashboard/keys",
                      Map.of("kind", kind, "name", name, "expiry", "30", "scope", "read")));
          String key = shown.select("#token").text();
          String tried = shown.select("[data-try]").attr("data-try");
          assertThat(dashboard.gateway.get(tried, "Authorization", "Bearer " + key).statusCode())
              .as(kind)
              .isEqualTo(200);
        });

    Document list = visitor.page("/dashboard/?sort=name&order=asc");
    assertThat(list.select("tbody .name").eachText())
        .containsExactly("organization", "pipe", "Unnamed key");
    assertThat(list.select("tbody tr").first()).isNotNull();
    assertThat(list.select("tbody tr").get(0).text()).contains("in 29 days", "read");
  }

  @Test
  void listIsSearchedFilteredSortedAndPagedByTheServer() {
    visitor.signIn();
    for (int i = 0; i < 22; i++) {
      visitor.post("/dashboard/keys", Map.of("kind", "org", "name", "org-%02d".formatted(i)));
    }
    visitor.post("/dashboard/keys", Map.of("kind", "mgp", "name", "Only 100% mine"));

    assertThat(names("?")).hasSize(20).startsWith("Only 100% mine", "org-21");
    Element newest = visitor.page("/dashboard/").select("tbody tr").get(0);
    assertThat(newest.text()).contains("Never used");
    assertThat(newest.select("svg").attr("aria-label"))
        .isEqualTo("0 requests in the last 36 hours");
    assertThat(newest.select("time").attr("title"))
        .matches("[0-9]{1,2} [A-Z][a-z]{2} [0-9]{4}, [0-9:]{8} UTC");
    assertThat(names("?page=2")).containsExactly("org-02", "org-01", "org-00");
    assertThat(names("?kind=mgp")).containsExactly("Only 100% mine");
    assertThat(names("?q=100%25")).containsExactly("Only 100% mine");
    assertThat(names("?q=ORG-1&sort=name&order=asc")).startsWith("org-10", "org-11").hasSize(10);
    assertThat(names("?state=revoked")).isEmpty();
    assertThat(visitor.page("/dashboard/?q=nothing").text()).contains("No key fits");
    assertThat(visitor.get("/dashboard/?page=9").statusCode()).isEqualTo(303);
    assertThat(visitor.get("/dashboard/?page=x&sort=y&kind=z&state=%00&q=%00").statusCode())
        .isEqualTo(200);
  }

  private List<String> names(String query) {
    return visitor.page("/dashboard/" + query).select("tbody .name").eachText();
  }

  @Test
  void mistakesAreToldAtTheirFieldsAndNothingIsMade() {
    visitor.signIn();
    visitor.post("/dashboard/service-accounts", Map.of("name", "robot"));
    Map<Map<String, String>, String> mistakes =
        Map.of(
            Map.of("kind", "mgp", "name", " "), "#name-complaint",
            Map.of("kind", "mgp", "name", "x".repeat(65)), "#name-complaint",
            Map.of("kind", "mgp", "name", "a", "webhook_url", "http://127.0.0.1/"),
                "#webhook_url-complaint",
            Map.of("kind", "org", "name", "a", "description", "x".repeat(1025)),
                "#description-complaint",
            Map.of("kind", "org", "name", "a", "allowed_ips", "1.2.3.4 nonsense"),
                "#allowed_ips-complaint",
            Map.of("kind", "org", "name", "a", "expiry", "custom", "expires_on", "2020-01-01"),
                "#expires_on-complaint",
            Map.of("kind", "org", "name", "a", "service_account", "nobody"),
                "#service_account-complaint");
    mistakes.forEach(
        (fields, place) -> {
          HttpResponse<String> answer = visitor.post("/dashboard/keys", fields);
          assertThat(answer.statusCode()).as(fields.toString()).isEqualTo(422);
          Document page = WebVisitor.document(answer);
          assertThat(page.select(place).text()).as(fields.toString()).isNotBlank();
          assertThat(page.select(place.replace("-complaint", "")).attr("aria-invalid"))
              .as(place)
              .isEqualTo("true");
        });
    assertThat(visitor.page("/dashboard/").text()).contains("No keys yet");
  }

  @Test
  void eleventhKeyIsRefusedWithTheReason() {
    visitor.signIn();
    for (int i = 0; i < 10; i++) {
      assertThat(visitor.post("/dashboard/keys", Map.of("kind", "mp")).statusCode()).isEqualTo(200);
    }
    HttpResponse<String> answer = visitor.post("/dashboard/keys", Map.of("kind", "mp"));

    assertThat(answer.statusCode()).isEqualTo(422);
    assertThat(WebVisitor.document(answer).select("[role=alert]").text())
        .contains("10 active keys");
  }

  /** The cookie goes with every request of a browser: where it comes from decides. */
  @Test
  void formsOfOtherSitesAreRefused() {
    visitor.signIn();
    Map<String, String> form = Map.of("kind", "mp");
    for (String[] headers :
        List.of(
            new String[] {"Origin", "https://evil.example"},
            new String[] {"Origin", "null"},
            new String[] {"Sec-Fetch-Site", "cross-site"},
            new String[] {"Sec-Fetch-Site", "same-site"})) {
      assertThat(visitor.post("/dashboard/keys", form, headers).statusCode())
          .as(headers[1])
          .isEqualTo(403);
      assertThat(visitor.post("/dashboard/sign-in", form, headers).statusCode()).isEqualTo(403);
    }
    String own = "http://127.0.0.1:" + dashboard.gateway.gateway.httpPort();
    assertThat(
            visitor
                .post("/dashboard/keys", form, "Origin", own, "Sec-Fetch-Site", "same-origin")
                .statusCode())
        .isEqualTo(200);
  }

  @Test
  void keysOfOthersAreNotThere() {
    visitor.signIn();
    visitor.post("/dashboard/keys", Map.of("kind", "mgp", "name", "mine"));
    String revoke = visitor.link("/dashboard/", "Revoke");
    WebVisitor other = dashboard.visitor();
    other.signIn();

    assertThat(other.page("/dashboard/").text()).contains("No keys yet");
    assertThat(other.get(revoke).statusCode()).isEqualTo(404);
    assertThat(other.post(revoke, Map.of()).statusCode()).isEqualTo(404);
    assertThat(visitor.page("/dashboard/").text()).contains("mine", "Active");
  }

  @Test
  void signingOutEndsTheSessionItself() {
    visitor.signIn();
    String cookie = visitor.cookie();
    HttpResponse<String> out = visitor.post("/dashboard/sign-out", Map.of());

    assertThat(out.headers().firstValue("location")).contains("/dashboard/sign-in");
    assertThat(visitor.cookie()).isEmpty();
    assertThat(
            dashboard
                .gateway
                .getWhatever("/dashboard/", "Cookie", "maglatch_session=" + cookie)
                .statusCode())
        .isEqualTo(303);
  }

  /** A script cannot be redirected to another page: it is told where to go. */
  @Test
  void scriptWithoutSessionIsSentToTheSignIn() {
    HttpResponse<String> answer =
        visitor.get("/dashboard/keys/new", "HX-Request", "true", "HX-Target", "modal");
    assertThat(answer.statusCode()).isEqualTo(401);
    assertThat(answer.headers().firstValue("hx-redirect")).contains("/dashboard/sign-in");
  }

  @Test
  void everyPageCarriesThePolicyAndIsKeptNowhere() {
    visitor.signIn();
    for (String path : List.of("/dashboard/", "/dashboard/keys/new", "/dashboard/nowhere")) {
      HttpResponse<String> answer = visitor.get(path);
      assertThat(answer.headers().allValues("content-security-policy"))
          .containsExactly(
              "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
                  + " connect-src 'self'; form-action 'self'; frame-ancestors 'none'");
      assertThat(answer.headers().firstValue("cache-control")).contains("no-store");
      assertThat(answer.headers().firstValue("x-request-id")).isPresent();
      Document page = WebVisitor.document(answer);
      assertThat(page.select("[style], style, script:not([src]), [onclick], [hx-on]")).isEmpty();
    }
  }

  @Test
  void filesAreServedCompressedAndForEver() {
    Document page = visitor.page("/dashboard/sign-in");
    List<String> files = page.select("link[rel=stylesheet], script").eachAttr("href");
    files.addAll(page.select("script").eachAttr("src"));
    files.removeIf(String::isEmpty);

    assertThat(files).hasSize(4);
    for (String file : files) {
      HttpResponse<String> plain = visitor.get(file);
      HttpResponse<String> gzip = visitor.get(file, "Accept-Encoding", "br, gzip");
      assertThat(plain.statusCode()).as(file).isEqualTo(200);
      assertThat(plain.headers().firstValue("cache-control"))
          .contains("public, max-age=31536000, immutable");
      assertThat(gzip.headers().firstValue("content-encoding")).contains("gzip");
      assertThat(length(gzip)).isLessThan(length(plain));
      assertThat(visitor.get(file, "Accept-Encoding", "gzip;q=0").headers().map())
          .doesNotContainKey("content-encoding");
    }
    assertThat(visitor.get("/dashboard/assets/nothing.js").statusCode()).isEqualTo(404);
  }

  private static long length(HttpResponse<String> answer) {
    return answer.headers().firstValueAsLong("content-length").orElseThrow();
  }

  @Test
  void pathsAndMethodsThatAreNotThereAreToldSo() {
    visitor.signIn();
    Optional<String> home = visitor.get("/dashboard").headers().firstValue("location");
    assertThat(home).contains("/dashboard/");
    assertThat(visitor.get("/dashboard/keys").statusCode()).isEqualTo(405);
    assertThat(visitor.get("/dashboard/keys").headers().firstValue("allow")).contains("POST");
    assertThat(visitor.get("/dashboard/keys/mgp/x/revoke").statusCode()).isEqualTo(404);
    assertThat(visitor.get("/dashboard/keys/x/x/revoke").statusCode()).isEqualTo(404);
    assertThat(dashboard.gateway.getWhatever("/dashboards").statusCode()).isEqualTo(401);
  }

  @Test
  void themeIsKeptInACookieAndLeadsToNoOtherSite() {
    HttpResponse<String> chosen =
        visitor.post("/dashboard/theme", Map.of("theme", "dark", "next", "//evil.example/"));
    assertThat(chosen.statusCode()).isEqualTo(303);
    assertThat(chosen.headers().firstValue("location")).contains("/dashboard/");
    assertThat(chosen.headers().firstValue("set-cookie"))
        .contains("maglatch_theme=dark; Max-Age=31536000; Path=/dashboard; SameSite=Strict");
    assertThat(
            visitor
                .post("/dashboard/theme", Map.of("theme", "\r\nx"))
                .headers()
                .firstValue("set-cookie"))
        .isEmpty();
    for (String unknown : List.of("maglatch_theme=\"><b>", "maglatch_theme=DARK", "other=dark")) {
      HttpResponse<String> page = visitor.get("/dashboard/sign-in", "Cookie", unknown);
      assertThat(WebVisitor.document(page).select("html").attr("data-bs-theme")).isEmpty();
    }
    HttpResponse<String> page = visitor.get("/dashboard/sign-in", "Cookie", "maglatch_theme=dark");
    assertThat(WebVisitor.document(page).select("html").attr("data-bs-theme")).isEqualTo("dark");
  }

  @Test
  void formThatIsTooLongIsNotRead() {
    visitor.signIn();
    HttpResponse<String> answer =
        visitor.post("/dashboard/keys", Map.of("kind", "mp", "name", "x".repeat(70_000)));
    assertThat(answer.statusCode()).isEqualTo(413);
  }

  @Test
  void dashboardCanBeSwitchedOff() {
    try (TestGateway without =
        TestGateway.begin(
                dashboard.database.address(),
                dashboard.upstream.url(),
                Map.of("MAGLATCH_DASHBOARD_ENABLED", "false"))
            .awaitReady()) {
      assertThat(without.getWhatever("/dashboard/").statusCode()).isEqualTo(401);
    }
  }
}
