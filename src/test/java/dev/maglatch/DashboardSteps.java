// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;

/** What somebody does on the dashboard with a mouse and a keyboard. */
final class DashboardSteps {
  private DashboardSteps() {}

  static Locator button(Page page, String name) {
    return page.getByRole(
        AriaRole.BUTTON, new Page.GetByRoleOptions().setName(name).setExact(true));
  }

  static Locator link(Page page, String name) {
    return page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName(name));
  }

  /** Signs a new account in and returns its e-mail address. */
  static String signIn(TestDashboard dashboard, Page page) {
    String email = dashboard.visitor().signUp();
    signIn(page, email);
    return email;
  }

  static void signIn(Page page, String email) {
    page.navigate("/dashboard/");
    page.getByLabel("E-mail address").fill(email);
    page.getByLabel("Password").fill(WebVisitor.PASSWORD);
    button(page, "Sign in").click();
    assertThat(page.getByRole(AriaRole.HEADING, new Page.GetByRoleOptions().setName("API keys")))
        .isVisible();
  }

  /** Makes a key, which is shown then. */
  static void generate(Page page, String name) {
    page.navigate("/dashboard/");
    link(page, "Generate new key").click();
    page.getByLabel("Name").fill(name);
    button(page, "Generate").click();
  }

  /** Closes the dialog that shows a key. */
  static void dismissKey(Page page) {
    assertThat(page.locator("#token")).isVisible();
    link(page, "Done").click();
    thenShownAnew(page, () -> page.locator("#sure [data-leave]").click());
  }

  /** Does what makes the page show its content anew, and waits for that. */
  static void thenShownAnew(Page page, Runnable action) {
    page.evaluate("document.querySelector('#content').stale = true");
    action.run();
    page.waitForFunction("() => !document.querySelector('#content').stale");
    assertThat(page.locator("#modal")).not().isVisible();
  }
}
