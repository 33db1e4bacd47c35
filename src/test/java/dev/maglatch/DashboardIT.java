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

import com.microsoft.playwright.Dialog;
import com.microsoft.playwright.Download;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The dashboard in a real browser. Leaves pictures of every screen in target/screenshots. */
class DashboardIT {
  private static TestDashboard dashboard;

  @BeforeAll
  static void start() {
    dashboard = TestDashboard.withWebhooksToHere();
    dashboard.browser(); // or all are skipped
  }

  @AfterAll
  static void stop() {
    dashboard.close();
  }

  @AfterEach
  void nothingWasForbiddenByThePolicyAndNoScriptFailed() {
    assertThat(dashboard.browser().complaints()).isEmpty();
  }

  @Test
  void keyIsGeneratedCopiedUsedAndRevoked() throws IOException {
    Page page = dashboard.browser().open();
    page.navigate("/dashboard/sign-in");
    Browser.look(page, "sign-in");
    signIn(dashboard, page);
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
    assertThat(dashboard.status(key)).isEqualTo(200);

    page.keyboard().press("Escape");
    assertThat(page.getByText("You won't see this key again")).isVisible();
    Browser.look(page, "issued-sure");
    button(page, "Go back").click();
    assertThat(token).isVisible();
    dismissKey(page);
    assertThat(page.locator("tbody .name")).hasText("Nightly build");
    assertThat(page.content()).doesNotContain(key);
    assertThat(page.evaluate("JSON.stringify([localStorage, sessionStorage, history.state])"))
        .asString()
        .doesNotContain(key);

    page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("Revoke Nightly build"))
        .click();
    assertThat(page.getByText("It was last used")).isVisible();
    Browser.look(page, "revoke");
    button(page, "Revoke").click();
    assertThat(page.getByText("1 of 1 replica confirmed")).isVisible();
    Browser.look(page, "revoked");
    assertThat(dashboard.status(key)).isEqualTo(401);
    thenShownAnew(page, () -> link(page, "Done").click());
    assertThat(page.locator("tbody").getByText("Revoked")).isVisible();
    page.context().close();
  }

  @Test
  void leavingThePageWithAKeyOnItWarns() {
    Page page = dashboard.browser().open();
    signIn(dashboard, page);
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

  /**
   * As when its link is opened in another tab: the form stands in no dialog, and its answer too.
   */
  @Test
  void keyIsGeneratedOnAPageOfItsOwn() {
    Page page = dashboard.browser().open();
    signIn(dashboard, page);
    page.navigate("/dashboard/keys/new");
    button(page, "Generate").click();
    assertThat(page.getByText("Give the key a name.")).isVisible();
    page.getByLabel("Name").fill("alone");
    button(page, "Generate").click();
    assertThat(page.locator("#content #token")).isVisible();
    assertThat(page.locator("#modal")).not().isVisible();
    page.onceDialog(Dialog::accept);
    link(page, "Done").click();
    assertThat(page.locator("tbody .name")).hasText("alone");
    page.context().close();
  }

  /** Without https there is no clipboard for scripts, and an old way may fail. */
  @Test
  void copyingThatFailsIsNotSaidToHaveWorked() {
    Page page = dashboard.browser().open();
    page.addInitScript(
        "delete Navigator.prototype.clipboard; window.works = true;"
            + " document.execCommand = () => window.works");
    signIn(dashboard, page);
    generate(page, "copied by hand");
    Locator copy = page.locator("[data-copy='#token']");
    copy.click();
    assertThat(page.locator("#said")).hasText("Copied to the clipboard.");
    page.evaluate("window.works = false");
    copy.click();
    assertThat(page.locator("#said")).containsText("copy it yourself");
    assertThat(page.evaluate("getSelection().toString()"))
        .isEqualTo(page.locator("#token").textContent());
    page.context().close();
  }

  @Test
  void mistakesAreToldWhereTheyAreAndTheFormKeepsWhatWasWritten() {
    Page page = dashboard.browser().open();
    signIn(dashboard, page);
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
  void gatewayThatDoesNotAnswerIsToldOfAndTheFormKeepsWhatWasWritten() {
    Page page = dashboard.browser().open();
    signIn(dashboard, page);
    link(page, "Generate new key").click();
    page.getByLabel("Name").fill("written before");
    Locator told = page.locator("#modal").getByText("The gateway did not answer.");
    page.context().setOffline(true);
    button(page, "Generate").click();
    assertThat(told).isVisible();
    assertThat(page.getByLabel("Name")).hasValue("written before");
    Browser.look(page, "unanswered");

    page.context().setOffline(false);
    button(page, "Generate").click();
    assertThat(page.locator("#token")).isVisible();
    assertThat(told).not().isVisible();
    page.context().close();
  }

  @Test
  void eleventhKeyIsRefusedWithTheReason() {
    Page page = dashboard.browser().open();
    signIn(dashboard, page);
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
    Page page = dashboard.browser().open();
    signIn(dashboard, page);
    Page other = page.context().newPage();
    other.navigate("/dashboard/");
    button(other, "Sign out").click();
    assertThat(button(other, "Sign in")).isVisible();

    link(page, "Generate new key").click();
    assertThat(button(page, "Sign in")).isVisible();
    page.context().close();
  }

  @Test
  void sessionThatEndedWhileAFormWasFilledInLeadsToTheSignIn() {
    Page page = dashboard.browser().open();
    signIn(dashboard, page);
    link(page, "Generate new key").click();
    page.getByLabel("Name").fill("too late");
    Page other = page.context().newPage();
    other.navigate("/dashboard/");
    button(other, "Sign out").click();
    assertThat(button(other, "Sign in")).isVisible();

    button(page, "Generate").click();
    assertThat(page.getByLabel("Password")).isVisible();
    assertThat(page.locator("#token")).hasCount(0);
    page.context().close();
  }

  /** A replica that does not answer is waited for as long as its lease may last, and told of. */
  @Test
  void replicaThatDoesNotAnswerIsToldOf() {
    Page page = dashboard.browser().open();
    signIn(dashboard, page);
    generate(page, "waits");
    dismissKey(page);
    dashboard.database.execute(
        "INSERT INTO replicas (id, name, applied, lease_until) VALUES"
            + " (gen_random_uuid(), 'slow', 0, clock_timestamp() + interval '20 seconds')");
    try {
      link(page, "Revoke waits").click();
      button(page, "Revoke").click();
      assertThat(page.getByText("1 of 2 replicas confirmed")).isVisible();
      assertThat(page.getByText("1 did not answer in time")).isVisible();
      Browser.look(page, "revoked-slow");
    } finally {
      dashboard.database.execute("DELETE FROM replicas WHERE name = 'slow'");
    }
    page.context().close();
  }

  /** Both without a script that would have to run first, and so before anything is painted. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void themeFollowsTheSystemUntilOneIsChosen(boolean scripts) {
    Page page = dashboard.browser().open(1280, scripts);
    signIn(dashboard, page);
    Locator html = page.locator("html");
    assertThat(html).hasCSS("color-scheme", "light");
    page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.DARK));
    assertThat(html).hasCSS("color-scheme", "dark");
    String dark = colors(page);

    page.navigate("/dashboard/?q=x&kind=mgp");
    button(page, "Make it light").click();
    assertThat(html).hasCSS("color-scheme", "light");
    assertThat(page.url()).endsWith("/dashboard/?q=x&kind=mgp");
    button(page, "Make it dark").click();
    assertThat(html).hasCSS("color-scheme", "dark");
    page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.LIGHT));
    page.navigate("/dashboard/");
    assertThat(html).hasCSS("color-scheme", "dark");
    assertThat(colors(page)).isEqualTo(dark);
    page.context().close();
  }

  /** Returns every colour of every element there is. */
  private static String colors(Page page) {
    page.mouse().move(1, 890); // over nothing
    return page.evaluate(
            "[...document.querySelectorAll('*')].map(e => { const s = getComputedStyle(e);"
                + " return [e.localName, s.color, s.backgroundColor, s.borderColor, s.fill,"
                + " s.boxShadow, s.backgroundImage, s.display]; }).join('\\n')")
        .toString();
  }

  /** The key would be lost by going anywhere. */
  @Test
  void themeIsNotChosenWithoutScriptsWhereAKeyIsShown() {
    Page page = dashboard.browser().open(1280, false);
    signIn(dashboard, page);
    generate(page, "shown once");
    assertThat(page.locator("#token")).isVisible();
    assertThat(button(page, "Make it dark")).not().isVisible();
    page.context().close();
  }

  @Test
  void searchNarrowsTheListWhileTyping() {
    Page page = dashboard.browser().open();
    signIn(dashboard, page);
    for (String name : new String[] {"alpha", "beta"}) {
      generate(page, name);
      dismissKey(page);
    }
    link(page, "Name").click();
    assertThat(page.locator("tbody .name")).hasText(new String[] {"alpha", "beta"});
    page.getByLabel("Search").fill("a");
    assertThat(page.getByText("2 keys found")).isVisible();
    assertThat(page.locator("tbody .name")).hasText(new String[] {"alpha", "beta"});
    page.getByLabel("Search").fill("alp");
    assertThat(page.locator("tbody .name")).hasCount(1);
    assertThat(page.locator("tbody .name")).hasText("alpha");
    assertThat(page.getByText("1 key found")).isVisible();
    Browser.look(page, "keys-search");
    page.context().close();
  }

  @Test
  void keyIsRotatedWithGraceAndItsPageSaysWhoStillUsesIt() {
    Page page = dashboard.browser().open();
    signIn(dashboard, page);
    generate(page, "rotating");
    String old = page.locator("#token").textContent();
    dismissKey(page);
    assertThat(dashboard.status(old)).isEqualTo(200);
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
    assertThat(dashboard.status(old)).isEqualTo(200);
    assertThat(dashboard.status(next)).isEqualTo(200);
    page.context().close();
  }

  @Test
  void organizationKeyIsEdited() {
    Page page = dashboard.browser().open();
    signIn(dashboard, page);
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
    thenShownAnew(page, () -> link(page, "Done").click());
    assertThat(page.getByText("At most 100 requests in 60 s")).isVisible();
    page.context().close();
  }

  @Test
  void webhookIsSetTestedAndSentAgain() {
    Page page = dashboard.browser().open();
    signIn(dashboard, page);
    generate(page, "hooked");
    dismissKey(page);
    link(page, "hooked").first().click();
    page.getByLabel("URL").fill(dashboard.upstream.url() + "/hook");
    button(page, "Save URL").click();
    assertThat(page.getByText("Events go to this URL")).isVisible();
    Browser.look(page, "key-webhook");
    button(page, "Reveal secret").click();
    assertThat(page.locator("#webhook-secret")).containsText("whsec_");
    Browser.look(page, "webhook-secret");
    String secret = page.locator("#webhook-secret").textContent();
    link(page, "Done").click();
    link(page, "Rotate secret").click();
    assertThat(link(page, "Keep it")).isFocused();
    button(page, "Rotate secret").click();
    assertThat(page.getByText("There is a new secret.")).isVisible();
    assertThat(page.locator("#webhook-secret")).not().hasText(secret);
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

    link(page, "All deliveries").click();
    link(page, "To the key").click();
    link(page, "Remove URL").click();
    assertThat(link(page, "Keep it")).isFocused();
    Browser.look(page, "key-remove-url");
    button(page, "Remove URL").click();
    assertThat(page.getByText("Events go nowhere from now on.")).isVisible();
    page.context().close();
  }

  @Test
  void everyOtherScreenIsLookedAt() {
    Page page = dashboard.browser().open();
    signIn(dashboard, page);
    generate(page, "seen");
    String key = page.locator("#token").textContent();
    dismissKey(page);
    assertThat(dashboard.status(key)).isEqualTo(200);
    page.navigate("/dashboard/service-accounts");
    page.getByLabel("Name").fill("robot");
    page.getByLabel("Permissions for the upstream").fill("orders:read");
    button(page, "Make service account").click();
    assertThat(page.getByText("It is made.")).isVisible();
    Browser.look(page, "service-accounts");
    link(page, "Disable robot").click();
    assertThat(link(page, "Keep it")).isFocused();
    Browser.look(page, "service-account-disable");
    button(page, "Disable").click();
    assertThat(page.getByText("Its keys are refused from now on.")).isVisible();
    for (String screen : new String[] {"usage", "members", "audit", "account", "nowhere"}) {
      page.navigate("/dashboard/" + screen);
      Browser.look(page, screen);
    }
    page.navigate("/dashboard/account");
    link(page, "Sign out everywhere else").click();
    assertThat(link(page, "Keep them")).isFocused();
    Browser.look(page, "account-sign-out-others");
    page.context().close();
  }

  @Test
  void listCreateAndRevokeWorkWithoutScripts() {
    Page page = dashboard.browser().open(1280, false);
    signIn(dashboard, page);
    link(page, "Generate new key").click();
    page.getByLabel("Name").fill("plain");
    button(page, "Generate").click();
    String key = page.locator("#token").textContent();
    assertThat(dashboard.status(key)).isEqualTo(200);
    link(page, "Done").click();
    link(page, "Revoke plain").click();
    button(page, "Revoke").click();
    assertThat(page.getByText("1 of 1 replica confirmed")).isVisible();
    assertThat(dashboard.status(key)).isEqualTo(401);
    page.context().close();
  }
}
