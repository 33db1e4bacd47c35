// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.maglatch.DashboardSteps.button;
import static dev.maglatch.DashboardSteps.link;
import static dev.maglatch.DashboardSteps.thenShownAnew;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The dashboard in a real browser for somebody who has no mouse. */
class DashboardKeyboardIT {
  private static final int MAX_STOPS = 60;

  /** Says nothing if the element that has the focus shows it, and else which one it is. */
  private static final String UNSEEN =
      """
      () => {
        const on = document.activeElement;
        const style = getComputedStyle(on);
        const box = on.getBoundingClientRect();
        const drawn = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
        const inside = box.width > 0 && box.right > 0 && box.left < innerWidth
            && box.bottom > 0 && box.top < innerHeight;
        return on === document.body || (drawn && inside) ? "" : on.outerHTML;
      }
      """;

  private static TestDashboard dashboard;
  private Page page;

  @BeforeAll
  static void start() {
    dashboard = TestDashboard.start();
    dashboard.browser(); // or all are skipped
  }

  @AfterAll
  static void stop() {
    dashboard.close();
  }

  @BeforeEach
  void open() {
    page = dashboard.browser().open();
  }

  @AfterEach
  void nothingWasForbiddenByThePolicyAndNoScriptFailed() {
    assertThat(dashboard.browser().complaints()).isEmpty();
    page.context().close();
  }

  private void press(String key) {
    page.keyboard().press(key);
  }

  private void type(String text) {
    page.keyboard().type(text);
  }

  /** Goes on to {@code wanted}. Wherever the focus comes by it can be seen. */
  private void tabTo(Locator wanted) {
    assertThat(wanted).isVisible();
    for (int i = 0; i < MAX_STOPS; i++) {
      press("Tab");
      assertThat(page.evaluate(UNSEEN)).isEqualTo("");
      if (wanted.evaluate("e => e === document.activeElement").equals(true)) {
        return;
      }
    }
    throw new AssertionError("no way leads to " + wanted);
  }

  private void enter(Locator wanted) {
    tabTo(wanted);
    press("Enter");
  }

  private void signIn() {
    String email = dashboard.visitor().signUp();
    page.navigate("/dashboard/");
    assertThat(page.getByLabel("E-mail address")).isFocused();
    type(email);
    press("Tab");
    type(WebVisitor.PASSWORD);
    press("Enter");
    assertThat(link(page, "Generate new key")).isVisible();
  }

  /** Makes a key and returns it; its dialog is left open. */
  private String generate(String name) {
    enter(link(page, "Generate new key"));
    assertThat(page.getByLabel("Name")).isFocused();
    type(name);
    press("Enter");
    return shownKey();
  }

  private String shownKey() {
    assertThat(page.locator("[data-copy='#token']")).isFocused();
    return page.locator("#token").textContent();
  }

  @Test
  void keyIsGeneratedCopiedRotatedAndRevoked() {
    signIn();
    String first = generate("by hand");
    press("Enter");
    assertThat(page.locator("#said")).hasText("Copied to the clipboard.");
    assertThat(page.evaluate("navigator.clipboard.readText()")).isEqualTo(first);
    enter(link(page, "Done"));
    assertThat(button(page, "Go back")).isFocused();
    tabTo(page.locator("#sure [data-leave]"));
    thenShownAnew(page, () -> press("Enter"));
    assertThat(link(page, "Generate new key")).isFocused();

    enter(page.locator("tbody a.name"));
    enter(link(page, "Rotate"));
    assertThat(page.getByLabel("The old key is accepted")).isFocused();
    enter(button(page, "Rotate"));
    String second = shownKey();
    assertThat(dashboard.status(first)).isEqualTo(200);
    tabTo(link(page, "Done"));
    press("Enter");
    tabTo(page.locator("#sure [data-leave]"));
    thenShownAnew(page, () -> press("Enter"));
    assertThat(page.locator("#content")).isFocused(); // the old key cannot be rotated once more

    enter(link(page, "To its successor"));
    assertThat(link(page, "Rotate")).isVisible();
    enter(link(page, "Revoke"));
    assertThat(link(page, "Keep it")).isFocused();
    enter(button(page, "Revoke"));
    assertThat(link(page, "Done")).isFocused();
    assertThat(page.getByText("1 of 1 replica confirmed")).isVisible();
    assertThat(dashboard.status(second)).isEqualTo(401);
    thenShownAnew(page, () -> press("Enter"));
    assertThat(page.locator("#content")).isFocused();
  }

  @Test
  void dialogThatIsLeftGivesTheFocusBack() {
    signIn();
    generate("left alone");
    enter(link(page, "Done"));
    tabTo(page.locator("#sure [data-leave]"));
    thenShownAnew(page, () -> press("Enter"));

    Locator revoke = link(page, "Revoke left alone");
    enter(revoke);
    assertThat(link(page, "Keep it")).isFocused();
    press("Escape");
    assertThat(page.locator("#modal")).not().isVisible();
    assertThat(revoke).isFocused();
    press("Enter");
    assertThat(link(page, "Keep it")).isFocused();
    press("Enter");
    assertThat(revoke).isFocused();
  }

  @Test
  void othersAreSignedOutOnceThatIsConfirmed() {
    signIn();
    page.navigate("/dashboard/account");
    assertThat(page.locator("tbody tr")).hasCount(2); // signing up made one

    Locator signOut = link(page, "Sign out everywhere else");
    enter(signOut);
    assertThat(link(page, "Keep them")).isFocused();
    press("Enter");
    assertThat(page.locator("#modal")).not().isVisible();
    assertThat(signOut).isFocused();
    press("Enter");
    enter(button(page, "Sign out everywhere else"));

    assertThat(page.getByText("Every other session is over.")).isVisible();
    assertThat(page.locator("tbody tr")).hasCount(1);
  }

  /** However often: a browser lets a page refuse to close a dialog only once in a row. */
  @Test
  void escapeNeverLosesAKeyThatIsShown() {
    signIn();
    String key = generate("kept");
    for (int i = 0; i < 3; i++) {
      press("Escape");
      assertThat(button(page, "Go back")).isFocused();
      press("Escape");
      assertThat(page.locator("#sure")).not().isVisible();
      assertThat(page.locator("#token")).hasText(key);
    }
  }

  @Test
  void mistakeGetsTheFocus() {
    signIn();
    enter(link(page, "Generate new key"));
    assertThat(page.getByLabel("Name")).isFocused();
    type("named");
    tabTo(page.getByLabel("Webhook URL"));
    type("ftp://localhost/");
    press("Enter");
    assertThat(page.getByText("This must be an https URL")).isVisible();
    assertThat(page.getByLabel("Webhook URL")).isFocused();
    assertThat(page.getByLabel("Name")).hasValue("named");
  }
}
