// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.maglatch.DashboardSteps.button;
import static dev.maglatch.DashboardSteps.dismissKey;
import static dev.maglatch.DashboardSteps.generate;
import static dev.maglatch.DashboardSteps.link;
import static dev.maglatch.DashboardSteps.signIn;
import static dev.maglatch.DashboardSteps.thenShownAnew;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Where things stand on every screen in a real browser, with texts as long as they may be. */
class DashboardLayoutIT {
  private static final int PHONE = 360;
  private static final String LONG = "n".repeat(60);

  /** Returns what reaches beyond the right edge of the page, or of its dialog. */
  private static final String STICKING_OUT =
      """
      () => {
        const dialog = document.querySelector("dialog[open]");
        const place = dialog ?? document.documentElement;
        const edge = place.getBoundingClientRect().left + place.clientWidth + 2;
        const all = [...(dialog ?? document.body).querySelectorAll("*")];
        return [place.scrollWidth > place.clientWidth ? "it scrolls sideways" : "",
          ...all.filter(e => e.checkVisibility() && e.getBoundingClientRect().right > edge)
            .map(e => e.outerHTML.slice(0, 200))].filter(e => e);
      }
      """;

  private static final String OBSERVE =
      """
      window.jumps = [];
      window.seeing = new PerformanceObserver(list => jumps.push(...list.getEntries()));
      seeing.observe({ type: "layout-shift", buffered: true });
      """;

  /**
   * How much may move: what is half read may be painted, by a slow machine, and change a little.
   */
  private static final double STILL = 0.01;

  /** Returns how much has moved until now, and what. */
  private static final String JUMPS =
      """
      () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
        jumps.push(...seeing.takeRecords());
        done([jumps.reduce((sum, jump) => sum + jump.value, 0),
          ...jumps.flatMap(jump => jump.sources.map(s => s.node?.outerHTML?.slice(0, 200)))]);
      })))
      """;

  private static final List<String> WITH_COLUMNS =
      List.of("keys", "key", "deliveries", "service-accounts", "members", "audit", "account");

  /** Returns where each column begins. */
  private static final String COLUMNS =
      """
      () => [...document.querySelectorAll("thead th, .facts dt:first-of-type, .facts dd:first-of-type")]
        .map(head => Math.round(head.getBoundingClientRect().left))
      """;

  private static final String TAKE_ROWS_AWAY =
      """
      () => document.querySelectorAll("tbody tr, .facts > :nth-child(n+3)").forEach(e => e.remove())
      """;

  private static TestDashboard dashboard;
  private static String email;
  private static Map<String, String> screens;

  @BeforeAll
  static void start() {
    dashboard = TestDashboard.withWebhooksToHere();
    dashboard.browser(); // or all are skipped
    WebVisitor visitor = dashboard.visitor();
    email = visitor.signIn();
    screens = furnished(visitor);
  }

  @AfterAll
  static void stop() {
    dashboard.close();
  }

  @AfterEach
  void nothingWasForbiddenByThePolicyAndNoScriptFailed() {
    assertThat(dashboard.browser().complaints()).isEmpty();
  }

  /** Makes something for every screen to show, and returns their paths by their names. */
  private static Map<String, String> furnished(WebVisitor visitor) {
    String mgp = made(visitor, "mgp");
    String org = made(visitor, "org");
    visitor.submit(
        visitor.page(mgp),
        "form[action$=/webhook]",
        Map.of("webhook_url", dashboard.upstream.url() + "/" + LONG.repeat(4)));
    visitor.post(mgp + "/test", Map.of());
    visitor.post(
        "/dashboard/service-accounts",
        Map.of("name", LONG, "description", LONG.repeat(3), "permissions", LONG.repeat(3)));
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> visitor.page(mgp + "/deliveries").text().contains("Delivered"));
    String delivery =
        visitor.page(mgp + "/deliveries").select("tr:contains(webhook.test) a").attr("href");
    made(visitor, "mp");
    Map<String, String> screens = new LinkedHashMap<>();
    screens.put("keys", "/dashboard/");
    screens.put("keys-none", "/dashboard/?q=nothing");
    screens.put("generate", "/dashboard/keys/new");
    screens.put("key", mgp);
    screens.put("key-organization", org);
    screens.put("edit", org + "/edit");
    screens.put("rotate", org + "/rotate");
    screens.put("revoke", org + "/revoke");
    screens.put("new-secret", mgp + "/new-secret");
    screens.put("remove-url", mgp + "/remove-url");
    screens.put("deliveries", mgp + "/deliveries");
    screens.put("delivery", delivery);
    screens.put(
        "disable",
        visitor.page("/dashboard/service-accounts").select("a[href$=/disable]").attr("href"));
    screens.put("sign-out-others", "/dashboard/account/sign-out-others");
    List.of("usage", "service-accounts", "members", "audit", "account", "nowhere")
        .forEach(name -> screens.put(name, "/dashboard/" + name));
    return screens;
  }

  /** Makes a key, uses it, and returns the path of its page. */
  private static String made(WebVisitor visitor, String kind) {
    String name = kind + "-" + LONG;
    String key =
        WebVisitor.document(
                visitor.post(
                    "/dashboard/keys",
                    Map.of("kind", kind, "name", name, "description", LONG.repeat(3))))
            .select("#token")
            .text();
    dashboard.gateway.get(
        "/orders", "Authorization", "Bearer " + key, "User-Agent", "agent/1 " + LONG.repeat(3));
    return visitor.page("/dashboard/?q=" + name).select("tbody a.name").attr("href");
  }

  private static void assertFits(Page page, String name) {
    assertThat(page.evaluate(STICKING_OUT)).as(name).isEqualTo(List.of());
  }

  @Test
  void noScreenNeedsSidewaysScrolling() {
    Page page = dashboard.browser().open(PHONE, true);
    page.navigate("/dashboard/sign-in");
    assertFits(page, "sign-in");
    signIn(page, email);
    screens.forEach(
        (name, path) -> {
          page.navigate(path);
          for (int width : new int[] {PHONE, 1000, 1280}) {
            page.setViewportSize(width, 800);
            assertFits(page, name + " at " + width);
          }
          page.setViewportSize(PHONE, 800);
          Browser.keep(page, "phone-" + name);
        });
    page.context().close();
  }

  @Test
  void noDialogNeedsSidewaysScrolling() {
    Page page = dashboard.browser().open(PHONE, true);
    signIn(page, email);
    link(page, "Generate new key").click();
    page.getByRole(AriaRole.RADIO, new Page.GetByRoleOptions().setName("Organization")).check();
    page.getByLabel("Name").fill("phone " + LONG.substring(6));
    page.locator("#expiry").selectOption("custom");
    assertFits(page, "generate");
    Browser.keep(page, "phone-generate-organization");
    page.locator("#expiry").selectOption("90");
    button(page, "Generate").click();
    assertThat(page.locator("#token")).isVisible();
    assertFits(page, "issued");
    Browser.look(page, "phone-issued");
    dismissKey(page);
    Browser.look(page, "phone-keys");

    link(page, "phone " + LONG.substring(6)).first().click();
    for (String name : List.of("Edit", "Rotate", "Revoke")) {
      link(page, name).click();
      assertThat(page.locator("#modal")).isVisible();
      assertFits(page, name);
      Browser.keep(page, "phone-dialog-" + name.toLowerCase(java.util.Locale.ROOT));
      page.keyboard().press("Escape");
      assertThat(page.locator("#modal")).not().isVisible();
    }
    page.context().close();
  }

  @Test
  void nothingJumps() {
    Page page = dashboard.browser().open();
    page.addInitScript(OBSERVE);
    signIn(page, email);
    screens.forEach(
        (name, path) -> {
          page.navigate(path);
          assertStill(page, name);
          button(page, "Make it dark").click();
          assertStill(page, name + " in dark");
          button(page, "Make it light").click();
          assertStill(page, name + " in light");
        });
    page.context().close();
  }

  /** A browser paints what it has while rows are still to come. */
  @Test
  void columnsStandWhereTheyDoBeforeTheirRowsAreThere() {
    Page page = dashboard.browser().open();
    signIn(page, email);
    for (String name : WITH_COLUMNS) {
      page.navigate(screens.get(name));
      for (int width : new int[] {1280, 1920}) {
        page.setViewportSize(width, 800);
        List<?> whole = (List<?>) page.evaluate(COLUMNS);
        assertThat(whole).as(name).hasSizeGreaterThan(1);
        page.evaluate(TAKE_ROWS_AWAY);
        assertThat(page.evaluate(COLUMNS)).as(name + " at " + width).isEqualTo(whole);
        page.reload();
      }
    }
    page.context().close();
  }

  @Test
  void nothingJumpsWhenPartsOfAPageChange() {
    Page page = dashboard.browser().open();
    page.addInitScript(OBSERVE);
    signIn(page, email);
    generate(page, "moves nothing");
    assertThat(page.locator("#token")).isVisible();
    assertStill(page, "issued");
    dismissKey(page);
    assertStill(page, "dismissed");
    page.getByLabel("Search").fill("moves nothing");
    assertThat(page.getByText("1 key found")).isVisible();
    assertStill(page, "searched");
    link(page, "Revoke moves nothing").click();
    button(page, "Revoke").click();
    assertThat(page.getByText("1 of 1 replica confirmed")).isVisible();
    assertStill(page, "revoked");
    thenShownAnew(page, () -> link(page, "Done").click());
    assertStill(page, "shown anew");

    page.evaluate("document.querySelector('#content').style.paddingTop = '300px'");
    assertThat(sum(page.evaluate(JUMPS))).as("what moves is seen").isGreaterThan(2 * STILL);
    page.context().close();
  }

  private static void assertStill(Page page, String name) {
    Object jumps = page.evaluate(JUMPS);
    assertThat(sum(jumps)).as(name + ": " + jumps).isLessThan(STILL);
  }

  private static double sum(Object jumps) {
    return ((Number) ((List<?>) jumps).get(0)).doubleValue();
  }
}
