// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.maglatch.DashboardSteps.button;
import static dev.maglatch.DashboardSteps.link;
import static dev.maglatch.DashboardSteps.signIn;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Response;
import com.microsoft.playwright.options.AriaRole;
import dev.maglatch.postgres.ServerRelay;
import dev.maglatch.postgres.TestDatabase;
import java.time.Duration;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What somebody sees in a real browser while the database is away, and once it is back. */
class DashboardAwayIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String AWAY = "The gateway cannot reach its database";

  private ServerRelay relay;
  private TestDashboard dashboard;

  @BeforeEach
  void start() {
    TestDatabase database = TestDatabase.create();
    relay = ServerRelay.before(database.address());
    dashboard = TestDashboard.before(database, relay.address());
  }

  @AfterEach
  void stop() {
    relay.flow();
    dashboard.close();
    relay.close();
  }

  /** Nothing is lost: neither what was written into a form, nor the session, nor a key. */
  @Test
  void pagesSayWhyNothingWorksAndGoOnOnceTheDatabaseIsBack() {
    Page page = dashboard.browser().open();
    signIn(dashboard, page);
    Page searching = page.context().newPage();
    searching.navigate("/dashboard/?q=x");
    link(page, "Generate new key").click();
    page.getByLabel("Name").fill("written before");

    relay.refuse();
    button(page, "Generate").click();
    Locator trouble = page.locator("#modal").getByRole(AriaRole.ALERT);
    assertThat(trouble).containsText(AWAY);
    assertThat(trouble).containsText("look before you send it again");
    assertThat(page.getByLabel("Name")).hasValue("written before");
    Browser.look(page, "away-form");

    searching.getByLabel("Search").fill("xyz");
    assertThat(searching.getByText(AWAY)).isVisible();
    assertThat(link(searching, "Try again")).hasAttribute("href", Pattern.compile("q=xyz"));

    Page other = page.context().newPage();
    Response answer = other.navigate("/dashboard/");
    assertThat(answer).isNotNull();
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.headers()).containsKey("retry-after");
    assertThat(other.getByText(AWAY)).isVisible();
    Browser.look(other, "away");

    relay.flow();
    await()
        .pollInSameThread()
        .atMost(PATIENCE)
        .until(
            () -> {
              link(other, "Try again").click();
              return link(other, "Try again").count() == 0;
            });
    assertThat(other.getByText("No keys yet")).isVisible();
    link(searching, "Try again").click();
    assertThat(searching.getByText("No key fits")).isVisible();
    button(page, "Generate").click();
    String key = page.locator("#token").textContent();
    // lookups of keys use a connection of their own, which may be back a little later
    await().atMost(PATIENCE).until(() -> dashboard.status(key) == 200);
    assertThat(dashboard.browser().complaints()).isEmpty();
  }
}
