// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.Download;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import com.microsoft.playwright.options.AriaRole;
import dev.maglatch.postgres.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The dashboard in a real browser. Leaves pictures of every screen in target/screenshots. */
class DashboardIT {
  private static TestDatabase database;
  private static EchoUpstream upstream;
  private static TestGateway gateway;
  private static @Nullable Browser browser;

  @BeforeAll
  static void start() {
    database = TestDatabase.create();
    upstream = new EchoUpstream();
    gateway =
        TestGateway.begin(
                database.address(),
                upstream.url(),
                Map.of(
                    "MAGLATCH_SESSIONS_SIGNUP", "true",
                    "MAGLATCH_WEBHOOKS_ALLOW_HTTP", "true",
                    "MAGLATCH_WEBHOOKS_ALLOWED_CIDRS", "127.0.0.0/8"))
            .awaitReady();
    browser = Browser.start("http://127.0.0.1:" + gateway.gateway.httpPort());
    assumeTrue(browser != null, Browser.HOW_TO_GET_IT);
    PlaywrightAssertions.setDefaultAssertionTimeout(30_000);
  }

  @AfterAll
  static void stop() {
    if (browser != null) {
      browser.close();
    }
    gateway.close();
    upstream.close();
    database.close();
  }

  private static Browser browser() {
    assertThat(browser).isNotNull();
    return browser;
  }

  @AfterEach
  void nothingWasForbiddenByThePolicyAndNoScriptFailed() {
    assertThat(browser().complaints()).isEmpty();
  }

  private static String signIn(Page page) {
    String email = new WebVisitor(gateway.gateway.httpPort()).signUp();
    page.navigate("/dashboard/");
    page.getByLabel("E-mail address").fill(email);
    page.getByLabel("Password").fill(WebVisitor.PASSWORD);
    page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Sign in")).click();
    assertThat(page.getByRole(AriaRole.HEADING, new Page.GetByRoleOptions().setName("API keys")))
        .isVisible();
    return email;
  }

  private static Locator button(Page page, String name) {
    return page.getByRole(
        AriaRole.BUTTON, new Page.GetByRoleOptions().setName(name).setExact(true));
  }

  private static Locator link(Page page, String name) {
    return page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName(name));
  }

  private static int status(String key) {
    return gateway.get("/orders", "Authorization", "Bearer " + key).statusCode();
  }

  @Test
  void keyIsGeneratedCopiedUsedAndRevoked() throws IOException {
    Page page = browser().open();
    page.navigate("/dashboard/sign-in");
    Browser.look(page, "sign-in");
    signIn(page);
    Browser.look(page, "keys-empty");

    link(page, "Generate new key").click();
    page.getByLabel("Name").fill("Nightly build");
    Browser.look(page, "generate");
    button(page, "Generate").click();
    Locator token = page.locator("#token");
    assertThat(token).isVisible();
    String key = token.textContent();
    Browser.look(page, "issued");
    page.locator("[data-copy='#token']").click();
    assertThat(page.getByRole(AriaRole.STATUS).getByText("Copied")).isVisible();
    assertThat(page.evaluate("navigator.clipboard.readText()")).isEqualTo(key);
    button(page, "Try it now").click();
    assertThat(page.getByText("The gateway accepts this key.")).isVisible();
    Download env = page.waitForDownload(() -> button(page, "Download .env").click());
    assertThat(env.suggestedFilename()).isEqualTo("maglatch.env");
    assertThat(Files.readString(env.path())).isEqualTo("MAGLATCH_API_KEY=" + key + "\n");
    assertThat(status(key)).isEqualTo(200);

    page.keyboard().press("Escape");
    assertThat(page.getByText("You won't see this key again")).isVisible();
    Browser.look(page, "issued-sure");
    button(page, "Go back").click();
    assertThat(token).isVisible();
    dismissKey(page);
    assertThat(page.locator("tbody .name")).hasText("Nightly build");
    assertThat(page.content()).doesNotContain(key);

    page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("Revoke Nightly build"))
        .click();
    assertThat(page.getByText("It was last used")).isVisible();
    Browser.look(page, "revoke");
    button(page, "Revoke").click();
    assertThat(page.getByText("1 of 1 replica confirmed")).isVisible();
    Browser.look(page, "revoked");
    assertThat(status(key)).isEqualTo(401);
    thenReloaded(page, () -> link(page, "Done").click());
    assertThat(page.locator("tbody").getByText("Revoked")).isVisible();
    page.context().close();
  }

  @Test
  void leavingThePageWithAKeyOnItWarns() {
    Page page = browser().open();
    signIn(page);
    generate(page, "unsaved");
    assertThat(page.locator("#token")).isVisible();
    boolean[] warned = {false};
    page.onDialog(
        dialog -> {
          warned[0] = dialog.type().equals("beforeunload");
          dialog.accept();
        });
    page.reload();
    assertThat(warned[0]).isTrue();
    page.context().close();
  }

  private static void generate(Page page, String name) {
    page.navigate("/dashboard/");
    link(page, "Generate new key").click();
    page.getByLabel("Name").fill(name);
    button(page, "Generate").click();
  }

  private static void dismissKey(Page page) {
    assertThat(page.locator("#token")).isVisible();
    link(page, "Done").click();
    thenReloaded(page, () -> page.locator("#sure [data-leave]").click());
  }

  /** Does what makes the page load itself again, and waits for that. */
  private static void thenReloaded(Page page, Runnable action) {
    page.evaluate("window.before = true");
    action.run();
    page.waitForFunction("() => !window.before && document.readyState === 'complete'");
    assertThat(page.locator("#modal")).not().isVisible();
  }

  @Test
  void mistakesAreToldWhereTheyAreAndTheFormKeepsWhatWasWritten() {
    Page page = browser().open();
    signIn(page);
    link(page, "Generate new key").click();
    page.getByLabel("Webhook URL").fill("ftp://localhost/");
    button(page, "Generate").click();

    assertThat(page.getByText("Give the key a name.")).isVisible();
    assertThat(page.getByText("This must be an https URL")).isVisible();
    assertThat(page.getByLabel("Webhook URL")).hasValue("ftp://localhost/");
    Browser.look(page, "generate-mistakes");
    page.getByLabel("Organization").check();
    page.getByLabel("Expires").selectOption("custom");
    Browser.look(page, "generate-organization");
    page.context().close();
  }

  @Test
  void eleventhKeyIsRefusedWithTheReason() {
    Page page = browser().open();
    signIn(page);
    for (int i = 0; i < 10; i++) {
      page.evaluate(
          "n => fetch('/dashboard/keys', {method: 'POST', body: new URLSearchParams({kind: 'mgp',"
              + " name: 'key ' + n})}).then(answer => answer.text())",
          i);
    }
    generate(page, "one too many");
    assertThat(page.getByText("there can be no more")).isVisible();
    Browser.look(page, "limit");
    page.context().close();
  }

  @Test
  void sessionThatEndedInAnotherTabLeadsToTheSignIn() {
    Page page = browser().open();
    signIn(page);
    Page other = page.context().newPage();
    other.navigate("/dashboard/");
    button(other, "Sign out").click();
    assertThat(button(other, "Sign in")).isVisible();

    link(page, "Generate new key").click();
    assertThat(button(page, "Sign in")).isVisible();
    page.context().close();
  }

  /** A replica that does not answer is waited for as long as its lease may last, and told of. */
  @Test
  void replicaThatDoesNotAnswerIsToldOf() {
    Page page = browser().open();
    signIn(page);
    generate(page, "waits");
    dismissKey(page);
    database.execute(
        "INSERT INTO replicas (id, name, applied, lease_until) VALUES"
            + " (gen_random_uuid(), 'slow', 0, clock_timestamp() + interval '20 seconds')");
    try {
      link(page, "Revoke waits").click();
      button(page, "Revoke").click();
      assertThat(page.getByText("1 of 2 replicas confirmed")).isVisible();
      assertThat(page.getByText("1 did not answer in time")).isVisible();
      Browser.look(page, "revoked-slow");
    } finally {
      database.execute("DELETE FROM replicas WHERE name = 'slow'");
    }
    page.context().close();
  }

  @Test
  void themeFollowsTheSystemUntilItIsToggled() {
    Page page = browser().open();
    signIn(page);
    Locator html = page.locator("html");
    assertThat(html).hasAttribute("data-bs-theme", "light");
    button(page, "Light or dark").click();
    assertThat(html).hasAttribute("data-bs-theme", "dark");
    page.reload();
    assertThat(html).hasAttribute("data-bs-theme", "dark");
    page.context().close();
  }

  @Test
  void themeIsToggledWithoutScriptsToo() {
    Page page = browser().open(1280, false);
    signIn(page);
    page.navigate("/dashboard/?q=x&kind=mgp");
    Locator html = page.locator("html");
    for (String theme : new String[] {"dark", "light", "dark"}) {
      button(page, "Light or dark").click();
      assertThat(html).hasAttribute("data-bs-theme", theme);
      assertThat(page.url()).endsWith("/dashboard/?q=x&kind=mgp");
    }
    page.navigate("/dashboard/members");
    assertThat(html).hasAttribute("data-bs-theme", "dark");
    generate(page, "shown once");
    assertThat(page.locator("#token")).isVisible();
    assertThat(button(page, "Light or dark")).not().isVisible(); // it would lead away from the key
    page.context().close();
  }

  @Test
  void phoneNeedsNoSidewaysScrolling() {
    Page page = browser().open(360, true);
    page.navigate("/dashboard/sign-in");
    assertFits(page);
    signIn(page);
    generate(page, "A name that is somewhat longer than the others");
    assertThat(page.locator("#token")).isVisible();
    assertFits(page);
    Browser.look(page, "phone-issued");
    dismissKey(page);
    assertFits(page);
    Browser.look(page, "phone-keys");
    page.context().close();
  }

  private static void assertFits(Page page) {
    assertThat(page.evaluate("document.documentElement.scrollWidth")).isEqualTo(360);
    assertThat(
            page.evaluate(
                "[...document.querySelectorAll('dialog[open]')].every(d => d.scrollWidth <="
                    + " d.clientWidth)"))
        .isEqualTo(true);
  }

  @Test
  void searchNarrowsTheListWhileTyping() {
    Page page = browser().open();
    signIn(page);
    for (String name : new String[] {"alpha", "beta"}) {
      generate(page, name);
      dismissKey(page);
    }
    page.getByLabel("Search").fill("alp");
    assertThat(page.locator("tbody .name")).hasCount(1);
    assertThat(page.locator("tbody .name")).hasText("alpha");
    assertThat(page.getByText("1 key found")).isVisible();
    Browser.look(page, "keys-search");
    page.context().close();
  }

  @Test
  void keyIsRotatedWithGraceAndItsPageSaysWhoStillUsesIt() {
    Page page = browser().open();
    signIn(page);
    generate(page, "rotating");
    String old = page.locator("#token").textContent();
    dismissKey(page);
    assertThat(status(old)).isEqualTo(200);
    link(page, "rotating").first().click();
    assertThat(page.locator("svg.plot")).isVisible();
    Browser.look(page, "key");
    link(page, "Rotate").click();
    assertThat(page.getByText("The old one was last used")).isVisible();
    Browser.look(page, "rotate");
    button(page, "Rotate").click();
    String next = page.locator("#token").textContent();
    Browser.look(page, "rotated");
    dismissKey(page);
    assertThat(page.getByText("Still used: last")).isVisible();
    Browser.look(page, "key-in-grace");
    assertThat(status(old)).isEqualTo(200);
    assertThat(status(next)).isEqualTo(200);
    page.context().close();
  }

  @Test
  void organizationKeyIsEdited() {
    Page page = browser().open();
    signIn(page);
    link(page, "Generate new key").click();
    page.getByLabel("Organization").check();
    page.getByLabel("Name").fill("reports");
    button(page, "Generate").click();
    dismissKey(page);
    link(page, "reports").first().click();
    link(page, "Edit").click();
    page.getByLabel("At most so many requests").fill("many");
    button(page, "Save").click();
    assertThat(page.getByText("Write two whole numbers")).isVisible();
    Browser.look(page, "edit");
    page.getByLabel("At most so many requests").fill("100");
    page.getByLabel("in so many seconds").fill("60");
    button(page, "Save").click();
    assertThat(page.getByText("1 of 1 replica confirmed")).isVisible();
    thenReloaded(page, () -> link(page, "Done").click());
    assertThat(page.getByText("At most 100 requests in 60 s")).isVisible();
    page.context().close();
  }

  @Test
  void webhookIsSetTestedAndSentAgain() {
    Page page = browser().open();
    signIn(page);
    generate(page, "hooked");
    dismissKey(page);
    link(page, "hooked").first().click();
    page.getByLabel("URL").fill(upstream.url() + "/hook");
    button(page, "Save URL").click();
    assertThat(page.getByText("Events go to this URL")).isVisible();
    Browser.look(page, "key-webhook");
    button(page, "Reveal secret").click();
    assertThat(page.locator("#webhook-secret")).containsText("whsec_");
    Browser.look(page, "webhook-secret");
    link(page, "Done").click();
    button(page, "Send test event").click();
    Locator delivered = page.locator("tbody tr", new Page.LocatorOptions().setHasText("Delivered"));
    await()
        .pollInSameThread()
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> {
              link(page, "Look again").click();
              return delivered.count() > 0;
            });
    assertThat(delivered.first()).isVisible();
    Browser.look(page, "deliveries");
    delivered.first().getByRole(AriaRole.LINK).click();
    assertThat(page.getByText("webhook-signature")).isVisible();
    Browser.look(page, "delivery");
    button(page, "Send again").click();
    assertThat(page.getByText("The delivery is due again now.")).isVisible();
    page.context().close();
  }

  @Test
  void everyOtherScreenIsLookedAt() {
    Page page = browser().open();
    signIn(page);
    generate(page, "seen");
    String key = page.locator("#token").textContent();
    dismissKey(page);
    assertThat(status(key)).isEqualTo(200);
    page.navigate("/dashboard/service-accounts");
    page.getByLabel("Name").fill("robot");
    page.getByLabel("Permissions for the upstream").fill("orders:read");
    button(page, "Make service account").click();
    assertThat(page.getByText("It is made.")).isVisible();
    Browser.look(page, "service-accounts");
    for (String screen : new String[] {"usage", "members", "audit", "account", "nowhere"}) {
      page.navigate("/dashboard/" + screen);
      Browser.look(page, screen);
      page.setViewportSize(360, 800);
      assertFits(page);
      page.setViewportSize(1280, 900);
    }
    page.context().close();
  }

  @Test
  void listCreateAndRevokeWorkWithoutScripts() {
    Page page = browser().open(1280, false);
    signIn(page);
    link(page, "Generate new key").click();
    page.getByLabel("Name").fill("plain");
    button(page, "Generate").click();
    String key = page.locator("#token").textContent();
    assertThat(status(key)).isEqualTo(200);
    link(page, "Done").click();
    link(page, "Revoke plain").click();
    button(page, "Revoke").click();
    assertThat(page.getByText("1 of 1 replica confirmed")).isVisible();
    assertThat(status(key)).isEqualTo(401);
    page.context().close();
  }
}
