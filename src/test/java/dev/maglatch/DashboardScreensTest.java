// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.jsoup.nodes.Document;
import org.jsoup.select.Elements;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the pages of one key, of the organization and of the account do, without any script. */
class DashboardScreensTest {
  private static final String DELIVERIES =
      """
      WITH event AS (
        INSERT INTO webhook_events (id, account_id, event, body)
        SELECT gen_random_uuid(), created_by, 'paid', '{}' FROM api_keys WHERE id = '%1$s'
        RETURNING id)
      INSERT INTO webhook_deliveries (event_id, key_id, destination, status, attempts, due_at)
      SELECT event.id, '%1$s', 'https://a.example', 'dead', 5, NULL
        FROM event, generate_series(1, %2$d)
      """;

  /** Leaves a key to another account of its organization. */
  private static final String MEMBER_WHO_IS_DISABLED =
      """
      WITH member AS (
        INSERT INTO accounts (email, user_record_id, organization_id, role, disabled_at)
        SELECT 'm@example.com', 'rec' || left(md5('%1$s'), 14), organization_id, 'member', now()
          FROM api_keys WHERE id = '%1$s'
        RETURNING id)
      UPDATE api_keys SET user_id = member.id, created_by = member.id
        FROM member WHERE api_keys.id = '%1$s'
      """;

  private static TestDashboard dashboard;
  private WebVisitor visitor;

  @BeforeAll
  static void start() {
    dashboard = TestDashboard.withWebhooksToHere();
  }

  @AfterAll
  static void stop() {
    dashboard.close();
  }

  @BeforeEach
  void visit() {
    visitor = dashboard.visitor();
  }

  private String make(String kind, String name) {
    HttpResponse<String> made =
        visitor.post("/dashboard/keys", Map.of("kind", kind, "name", name, "expiry", "90"));
    return WebVisitor.document(made).select("#token").text();
  }

  /** Returns the path of the key of that name. */
  private String path(String name) {
    return visitor.page("/dashboard/?q=" + name).select("tbody a.name").attr("href");
  }

  @Test
  void rotatedKeyIsAcceptedUntilItsGraceEndsAndItsPageSaysWhoStillUsesIt() {
    visitor.signIn();
    String old = make("org", "rotating");
    String path = path("rotating");
    HttpResponse<String> rotated =
        visitor.submit(visitor.page(path + "/rotate"), Map.of("grace", "day"));
    Document shown = WebVisitor.document(rotated);
    String next = shown.select("#token").text();

    assertThat(shown.text()).contains("accepted for 24 hours more");
    assertThat(dashboard.status(old)).isEqualTo(200);
    assertThat(dashboard.status(next)).isEqualTo(200);
    Document page = visitor.page(path);
    assertThat(page.select("[role=status]").text())
        .contains("Another key has taken this one's place", "in 23 hours.", "127.0.0.1", "Java");
    assertThat(page.select("main a:contains(Rotate)")).isEmpty();
    assertThat(page.select(".state").eachText()).containsExactly("Expires soon");
    assertThat(visitor.page(page.select("a:contains(To its successor)").attr("href")).text())
        .contains(next.substring(0, 8));
    assertThat(visitor.post(path + "/rotate", Map.of("grace", "none")).statusCode()).isEqualTo(409);
  }

  @Test
  void keyRotatedWithoutGraceIsRefusedAtOnce() {
    visitor.signIn();
    String old = make("mgp", "at-once");
    Document shown =
        WebVisitor.document(visitor.post(path("at-once") + "/rotate", Map.of("grace", "none")));
    assertThat(shown.text()).contains("1 of 1 replica confirmed");
    assertThat(dashboard.status(old)).isEqualTo(401);
    assertThat(dashboard.status(shown.select("#token").text())).isEqualTo(200);
  }

  @Test
  void settingsOfAnOrganizationKeyAreEditedAndShown() {
    visitor.signIn();
    String key = make("org", "edited");
    String path = path("edited");
    Document form = visitor.page(path + "/edit");
    assertThat(form.select("#name").val()).isEqualTo("edited");
    Document saved =
        WebVisitor.document(
            visitor.submit(
                form,
                Map.of(
                    "name", "other name",
                    "allowed_ips", "192.0.2.0/24",
                    "rate_limit", "5",
                    "rate_window", "60")));

    assertThat(saved.select("main").text()).contains("1 of 1 replica confirmed");
    assertThat(dashboard.status(key)).isEqualTo(403);
    assertThat(visitor.page(path).text())
        .contains("other name", "Limits", "At most 5 requests in 60 s", "192.0.2.0/24")
        .doesNotContain("Limited");
    Document again = visitor.page(path + "/edit");
    assertThat(again.select("#rate_limit").val()).isEqualTo("5");
    assertThat(visitor.submit(again, Map.of("rate_limit", "0")).statusCode()).isEqualTo(422);
    assertThat(visitor.submit(again, Map.of("rate_window", "")).statusCode()).isEqualTo(422);
  }

  @Test
  void keyIsGivenAnotherLastDay() {
    visitor.signIn();
    make("org", "dated");
    String path = path("dated");
    Map<String, String> past = Map.of("expiry", "custom", "expires_on", "2020-01-01");
    HttpResponse<String> refused = visitor.submit(visitor.page(path + "/edit"), past);
    assertThat(refused.statusCode()).isEqualTo(422);
    assertThat(WebVisitor.document(refused).select("#expires_on-complaint").text())
        .isEqualTo("Choose a day that is not over.");
    Map<String, String> future = Map.of("expiry", "custom", "expires_on", "2099-12-30");
    assertThat(visitor.submit(visitor.page(path + "/edit"), future).statusCode()).isEqualTo(200);
    assertThat(visitor.page(path).select("time[datetime^=2099-12-31T00:00:00]")).hasSize(1);
    assertThat(visitor.page(path + "/edit").select("#expires_on").val()).isEqualTo("2099-12-30");
  }

  @Test
  void stateOfEveryKeyIsShownAndLookedFor() {
    visitor.signIn();
    Map<String, String> states =
        Map.of(
            "active", "Active",
            "expiring", "Expires soon",
            "expired", "Expired",
            "revoked", "Revoked");
    states.keySet().forEach(name -> make("org", name));
    dashboard.database.execute(
        "UPDATE api_keys SET expires_at = now() + interval '3 days' WHERE name = 'expiring';"
            + "UPDATE api_keys SET expires_at = now() - interval '1 minute' WHERE name = 'expired'");
    visitor.submit(visitor.page(path("revoked") + "/revoke"), Map.of());
    states.forEach(
        (name, badge) -> {
          Document list = visitor.page("/dashboard/?state=" + name);
          assertThat(list.select("tbody .name").eachText()).containsExactly(name);
          assertThat(list.select("tbody .state").text()).isEqualTo(badge);
          assertThat(list.select("tbody .state").attr("title")).isNotBlank();
        });
  }

  /** A limit that nobody has come near is no news; one that is reached is. */
  @Test
  void keyThatReachedItsLimitIsMarkedAndFound() {
    visitor.signIn();
    String key = make("org", "eager");
    String path = path("eager");
    // the clock's window of some 30 years lasts longer than this test
    visitor.submit(
        visitor.page(path + "/edit"), Map.of("rate_limit", "1", "rate_window", "999999999"));
    assertThat(dashboard.status(key)).isEqualTo(200);
    assertThat(visitor.page(path).select(".state").eachText()).containsExactly("Active");
    assertThat(visitor.page("/dashboard/?state=limited").select("tbody tr")).isEmpty();

    assertThat(dashboard.status(key)).isEqualTo(429);
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> visitor.page(path).select(".state").eachText().contains("Limited"));
    Document list = visitor.page("/dashboard/?state=limited");
    assertThat(list.select("tbody .name").eachText()).containsExactly("eager");
    assertThat(list.select("tbody .state:contains(Limited)").attr("title"))
        .matches("Requests beyond its rate were refused in the window that ends .* UTC");
  }

  @Test
  void organizationKeysHaveWebhooksAndOthersAreToldNothingOfThem() {
    visitor.signIn();
    make("org", "hooked-org");
    make("mp", "hooked-mp");
    String path = path("hooked-org");
    visitor.submit(
        visitor.page(path),
        "form[action$=/webhook]",
        Map.of("webhook_url", dashboard.upstream.url() + "/hook"));
    assertThat(secret(path + "/secret")).matches("whsec_[0-9a-f]{64}");
    visitor.post(path + "/test", Map.of());
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> visitor.page(path + "/deliveries").text().contains("Delivered"));

    String other = path("hooked-mp");
    assertThat(visitor.page(other).text()).doesNotContain("Webhook");
    assertThat(visitor.get(other + "/deliveries").statusCode()).isEqualTo(404);
  }

  @Test
  void webhookIsSetTestedLookedAtAndSentAgain() {
    visitor.signIn();
    make("mgp", "hooked");
    String path = path("hooked");
    HttpResponse<String> refused =
        visitor.post(path + "/webhook", Map.of("webhook_url", "ftp://x"));
    assertThat(refused.statusCode()).isEqualTo(422);
    Document mistaken = WebVisitor.document(refused);
    assertThat(mistaken.select("#webhook_url-complaint").text()).contains("must be an https URL");
    assertThat(mistaken.select("#webhook_url[aria-invalid=true]").val()).isEqualTo("ftp://x");
    assertThat(mistaken.select("h1").text()).isEqualTo("hooked");
    visitor.submit(
        visitor.page(path),
        "form[action$=/webhook]",
        Map.of("webhook_url", dashboard.upstream.url() + "/hook"));
    Document page = visitor.page(path);
    assertThat(page.select("#webhook_url").val()).isEqualTo(dashboard.upstream.url() + "/hook");
    assertThat(page.html()).doesNotContain("whsec_");

    String secret = secret(path + "/secret");
    assertThat(secret).matches("whsec_[0-9a-f]{64}");
    Document question = visitor.page(path + "/new-secret");
    assertThat(secret(path + "/secret")).as("nobody was asked yet").isEqualTo(secret);
    Document renewed = WebVisitor.document(visitor.submit(question, Map.of()));
    String next = renewed.select("#webhook-secret").text();
    assertThat(next).matches("whsec_[0-9a-f]{64}").isNotEqualTo(secret);
    assertThat(secret(path + "/secret")).isEqualTo(next);

    visitor.post(path + "/test", Map.of());
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> visitor.page(path + "/deliveries").text().contains("Delivered"));
    Document list = visitor.page(path + "/deliveries");
    assertThat(list.text()).contains("webhook.test");
    String one = list.select("tbody tr:contains(webhook.test) a").attr("href");
    Document delivery = visitor.page(one);
    assertThat(delivery.select("pre").text())
        .contains("\"event\":\"webhook.test\"", "webhook-signature", "hello");
    Document replayed =
        visitor.page(
            visitor.submit(delivery, Map.of()).headers().firstValue("location").orElseThrow());
    assertThat(replayed.text()).contains("The delivery is due again now.");
    assertThat(visitor.get(path + "/deliveries/" + UUID.randomUUID()).statusCode()).isEqualTo(404);
  }

  /** With the button, and by emptying the field. */
  @Test
  void urlIsRemovedOnceThatIsConfirmed() {
    visitor.signIn();
    make("mgp", "leaving");
    String path = path("leaving");
    String url = dashboard.upstream.url() + "/hook";
    for (boolean emptied : new boolean[] {false, true}) {
      visitor.post(path + "/webhook", Map.of("webhook_url", url));
      String question =
          emptied
              ? location(visitor.post(path + "/webhook", Map.of("webhook_url", "")))
              : visitor.link(path, "Remove URL");
      Document asked = visitor.page(question);
      assertThat(visitor.page(path).select("#webhook_url").val()).as("not yet").isEqualTo(url);

      Document page = visitor.page(location(visitor.submit(asked, Map.of())));

      assertThat(page.text()).contains("Events go nowhere from now on.");
      assertThat(page.select("#webhook_url").val()).isEmpty();
      assertThat(page.select("a:contains(Remove URL)")).isEmpty();
    }
    assertThat(location(visitor.post(path + "/webhook", Map.of("webhook_url", ""))))
        .as("there is nothing to ask about")
        .doesNotContain("remove-url");
  }

  private static String location(HttpResponse<String> answer) {
    return answer.headers().firstValue("location").orElseThrow();
  }

  /** An owner sees why the events of a member's key did not go out. */
  @Test
  void deliveryOfADisabledMemberSaysWhyItWasNotSent() {
    visitor.signIn();
    make("org", "of-a-member");
    String path = path("of-a-member");
    String id = path.substring(path.lastIndexOf('/') + 1);
    dashboard.database.execute(MEMBER_WHO_IS_DISABLED.formatted(id));
    dashboard.database.execute(DELIVERIES.formatted(id, 1));
    dashboard.database.execute(
        "UPDATE webhook_deliveries SET status = 'pending', due_at = now() WHERE key_id = '"
            + id
            + "'");

    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () ->
                assertThat(visitor.page(path + "/deliveries").select("tbody").text())
                    .contains("Failed", "not sent (the account is disabled)"));
  }

  /** However many there were, all of them can be looked at. */
  @Test
  void olderDeliveriesAreOnFurtherPages() {
    visitor.signIn();
    make("org", "busy");
    String path = path("busy");
    dashboard.database.execute(
        DELIVERIES.formatted(path.substring(path.lastIndexOf('/') + 1), 120));

    Document first = visitor.page(path + "/deliveries");
    Document second = visitor.page(first.select("a[rel=next]").attr("href"));
    Document third = visitor.page(second.select("a[rel=next]").attr("href"));

    assertThat(first.select("a[rel=prev]")).isEmpty();
    assertThat(third.select("a[rel=next]")).isEmpty();
    assertThat(
            Stream.of(first, second, third)
                .flatMap(page -> page.select("tbody a.name").eachAttr("href").stream()))
        .hasSize(120)
        .doesNotHaveDuplicates();
    assertThat(third.select("a[rel=prev]").attr("href")).endsWith("/deliveries?page=2");
    HttpResponse<String> beyond = visitor.get(path + "/deliveries?page=4");
    assertThat(beyond.headers().firstValue("location")).hasValue(path + "/deliveries");
  }

  private String secret(String path) {
    return WebVisitor.document(visitor.post(path, Map.of())).select("#webhook-secret").text();
  }

  @Test
  void usageIsDrawnAndExported() {
    visitor.signIn();
    String key = make("org", "used");
    dashboard.status(key);
    dashboard.status(key);
    String path = path("used");

    assertThat(visitor.page(path).select("svg.plot").attr("aria-label"))
        .isEqualTo("2 requests in the last 7 days, at most 2 in an hour");
    assertThat(visitor.get(path + "/usage.csv").body())
        .startsWith("\"hour\",\"requests\"\r\n")
        .endsWith("\"2\"\r\n");
    assertThat(visitor.page("/dashboard/usage").text()).contains("2 requests in the last 7 days");
    HttpResponse<String> all = visitor.get("/dashboard/usage.csv");
    assertThat(all.headers().firstValue("content-disposition")).isPresent();
    assertThat(all.body()).endsWith("\"2\"\r\n");
    assertThat(visitor.page("/dashboard/").select("svg.usage").attr("aria-label"))
        .contains("2 requests in the last 36 hours");
  }

  @Test
  void serviceAccountIsMadeGivenAKeyAndDisabled() {
    visitor.signIn();
    Document form = visitor.page("/dashboard/service-accounts");
    visitor.submit(form, Map.of("name", "robot", "permissions", "a:read, a:write"));
    assertThat(visitor.post("/dashboard/service-accounts", Map.of("name", "robot")).statusCode())
        .isEqualTo(422);
    String id = visitor.page("/dashboard/keys/new").select("option:contains(robot)").val();
    Document shown =
        WebVisitor.document(
            visitor.post(
                "/dashboard/keys",
                Map.of("kind", "org", "name", "robot key", "service_account", id)));
    String key = shown.select("#token").text();
    assertThat(dashboard.status(key)).isEqualTo(200);
    assertBadge(
        "/dashboard/", "Active", "Accepted on every replica while its service account is enabled");

    Document list = visitor.page("/dashboard/service-accounts");
    assertThat(list.select("tbody").text()).contains("robot", "a:read, a:write", "Active");
    Document question = visitor.page(list.select("a[href$=/disable]").attr("href"));
    assertThat(dashboard.status(key)).as("nobody was asked yet").isEqualTo(200);
    visitor.submit(question, Map.of());
    assertThat(dashboard.status(key)).isEqualTo(401);
    assertBadge("/dashboard/", "Disabled", "Refused while its service account is disabled");
    assertBadge("/dashboard/?state=suspended", "Disabled", "Refused while");
    visitor.submit(visitor.page("/dashboard/service-accounts"), "form[action$=/enable]", Map.of());
    assertThat(dashboard.status(key)).isEqualTo(200);
    assertBadge("/dashboard/?state=active", "Active", "Accepted on every replica");
  }

  private void assertBadge(String list, String text, String why) {
    Elements badges = visitor.page(list).select("tbody .state");
    assertThat(badges.eachText()).as(list).containsExactly(text);
    assertThat(badges.attr("title")).startsWith(why);
  }

  @Test
  void serviceAccountOfOthersCannotBeDisabled() {
    visitor.signIn();
    visitor.post("/dashboard/service-accounts", Map.of("name", "theirs"));
    String disable =
        visitor.page("/dashboard/service-accounts").select("a[href$=/disable]").attr("href");
    WebVisitor stranger = dashboard.visitor();
    stranger.signIn();

    assertThat(stranger.get(disable).statusCode()).isEqualTo(404);
    assertThat(stranger.post(disable, Map.of()).statusCode()).isEqualTo(404);
    assertThat(stranger.get("/dashboard/service-accounts/x/disable").statusCode()).isEqualTo(404);
    assertThat(visitor.page("/dashboard/service-accounts").select("tbody .state").text())
        .isEqualTo("Active");
  }

  /** They become a header: one that cannot be written would fail every request of its keys. */
  @Test
  void serviceAccountIsNotMadeOfWhatCannotBeSentUpstream() {
    visitor.signIn();
    Map<Map<String, String>, String> mistakes =
        Map.of(
            Map.of("name", "x".repeat(65)), "A name has",
            Map.of("name", "a", "description", "x".repeat(1025)), "A description has",
            Map.of("name", "a", "permissions", "a:read b:\u00fc"), "Permissions are",
            Map.of("name", "a", "permissions", "x".repeat(4097)), "Permissions are");
    mistakes.forEach(
        (fields, complaint) -> {
          HttpResponse<String> answer = visitor.post("/dashboard/service-accounts", fields);
          assertThat(answer.statusCode()).isEqualTo(422);
          assertThat(WebVisitor.document(answer).select("[role=alert]").text()).contains(complaint);
        });
    assertThat(visitor.page("/dashboard/service-accounts").text())
        .contains("No service accounts yet");
  }

  @Test
  void ownersSeeMembersAndWhatWasDone() {
    String email = visitor.signIn();
    make("mgp", "=cmd");
    assertThat(visitor.page("/dashboard/members").text()).contains(email, "owner");
    assertThat(visitor.page("/dashboard/audit").text())
        .contains("api_key.created", "=cmd", email + " (cookie)", "127.0.0.1");
    assertThat(visitor.get("/dashboard/audit.csv").body()).contains("\"api_key.created\"");
  }

  /** What is for owners is not shown, and not there. */
  @Test
  void membersDoNotSeeWhatIsForOwners() {
    String email = visitor.signIn();
    dashboard.database.execute("UPDATE accounts SET role = 'member' WHERE email = '" + email + "'");
    assertThat(visitor.page("/dashboard/").select("nav").text()).doesNotContain("Audit");
    for (String path : List.of("service-accounts", "members", "audit", "audit.csv")) {
      assertThat(visitor.get("/dashboard/" + path).statusCode()).as(path).isEqualTo(403);
    }
    assertThat(visitor.get("/dashboard/usage").statusCode()).isEqualTo(200);
  }

  @Test
  void passwordIsChangedAndOtherSessionsEnd() {
    String email = visitor.signIn();
    WebVisitor other = dashboard.visitor();
    other.post("/dashboard/sign-in", Map.of("email", email, "password", WebVisitor.PASSWORD));
    assertThat(other.get("/dashboard/").statusCode()).isEqualTo(200);
    assertThat(visitor.page("/dashboard/account").select("tbody tr"))
        .hasSize(3); // signing up made one

    assertThat(change("wrong", "a new password", "a new password")).isEqualTo(422);
    assertThat(change(WebVisitor.PASSWORD, "short", "short")).isEqualTo(422);
    assertThat(change(WebVisitor.PASSWORD, "a new password", "another")).isEqualTo(422);
    assertThat(change(WebVisitor.PASSWORD, "a new password", "a new password")).isEqualTo(303);
    assertThat(visitor.get("/dashboard/").statusCode()).isEqualTo(200);
    assertThat(other.get("/dashboard/").statusCode()).isEqualTo(303);
  }

  private int change(String current, String replacement, String again) {
    return visitor
        .post(
            "/dashboard/account/password",
            Map.of("current", current, "replacement", replacement, "again", again))
        .statusCode();
  }

  @Test
  void othersAreSignedOutAndThisOneStays() {
    String email = visitor.signIn();
    WebVisitor other = dashboard.visitor();
    other.post("/dashboard/sign-in", Map.of("email", email, "password", WebVisitor.PASSWORD));
    Document question =
        visitor.page(visitor.link("/dashboard/account", "Sign out everywhere else"));
    assertThat(other.get("/dashboard/").statusCode()).as("nobody was asked yet").isEqualTo(200);
    visitor.submit(question, Map.of());

    assertThat(other.get("/dashboard/").statusCode()).isEqualTo(303);
    assertThat(visitor.page("/dashboard/account").select("tbody tr")).hasSize(1);
  }

  @Test
  void oneTimeLinkSignsInOnce() {
    Tenant tenant = Tenant.in(dashboard.database.address());
    String link = dashboard.gateway.gateway.offerLink(tenant.account());
    assertThat(link).isNotNull();

    assertThat(visitor.page(link).text()).contains("once");
    Document page = visitor.page(link); // looking does not use it up
    assertThat(visitor.submit(page, Map.of()).statusCode()).isEqualTo(303);
    assertThat(visitor.page("/dashboard/").text()).contains(tenant.account() + "@example.com");
    WebVisitor late = dashboard.visitor();
    assertThat(late.get(link).statusCode()).isEqualTo(410);
    assertThat(late.submit(page, Map.of()).statusCode()).isEqualTo(410);
  }
}
