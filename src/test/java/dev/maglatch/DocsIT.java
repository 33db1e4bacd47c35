// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.assertions.LocatorAssertions;
import dev.maglatch.postgres.TestDatabase;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The description of the API in a real browser. */
class DocsIT {
  private static final double PATIENCE_MILLIS = 60_000;

  /** The page is drawn by a script of others under a policy of ours: both have to agree. */
  @Test
  void operationsAreShownTriedAndNothingIsForbidden() {
    try (TestDatabase database = TestDatabase.create();
        EchoUpstream upstream = new EchoUpstream();
        TestGateway gateway =
            TestGateway.begin(
                    database.address(), upstream.url(), Map.of("MAGLATCH_HTTP_DOCS", "true"))
                .awaitReady();
        Browser browser = Browser.start("http://127.0.0.1:" + gateway.gateway.httpPort())) {
      assumeTrue(browser != null, Browser.HOW_TO_GET_IT);
      assertThat(browser).isNotNull();
      Page page = browser.open();
      page.navigate("/_maglatch/docs");
      Locator whoAmI =
          page.locator(".opblock", new Page.LocatorOptions().setHasText("/v1/whoami")).first();
      assertThat(whoAmI)
          .isVisible(new LocatorAssertions.IsVisibleOptions().setTimeout(PATIENCE_MILLIS));
      assertThat(page.locator(".opblock").count()).isGreaterThan(20);

      whoAmI.locator("button.opblock-summary-control").click();
      whoAmI.locator("button.try-out__btn").click();
      whoAmI.locator("button.execute").click();
      assertThat(whoAmI.locator(".live-responses-table .response-col_status").last())
          .containsText("401");
      assertThat(browser.complaints()).isEmpty();
    }
  }
}
