// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;

import com.deque.html.axecore.playwright.AxeBuilder;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.ReducedMotion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A real browser: the machine's Chromium, driven by the machine's Node. It notes every violation of
 * a page's policy and every error of its scripts, and says at its end that there were none.
 */
final class Browser implements AutoCloseable {
  static final String HOW_TO_GET_IT =
      "no browser: apt-get install chromium, have Node 20 or newer, and npm install --prefix"
          + " target/playwright playwright-core@1.62.0";

  private static final Path DRIVER = Path.of("target", "playwright").toAbsolutePath();
  private static final Path SCREENSHOTS = Path.of("target", "screenshots");
  private static final List<String> ARGUMENTS =
      List.of(
          "--headless",
          "--no-sandbox",
          "--disable-gpu",
          "--disable-quic",
          "--no-first-run",
          "--disable-background-networking",
          "--disable-component-update",
          "--disable-sync");
  private static final double PATIENCE_MILLIS = 30_000;

  private final Playwright playwright;
  private final com.microsoft.playwright.Browser chromium;
  private final String origin;
  private final List<String> complaints = new ArrayList<>();

  private Browser(Playwright playwright, Path executable, String origin) {
    this.playwright = playwright;
    this.origin = origin;
    this.chromium =
        playwright
            .chromium()
            .launch(
                new BrowserType.LaunchOptions()
                    .setExecutablePath(executable)
                    .setArgs(ARGUMENTS)
                    .setIgnoreDefaultArgs(List.of("--hide-scrollbars"))); // people see them too
  }

  /** Starts one whose pages are relative to {@code origin}; null if this machine has none. */
  static @Nullable Browser start(String origin) {
    Path executable = onPath("chromium");
    Path node = onPath("node");
    Path core = DRIVER.resolve("node_modules").resolve("playwright-core");
    if (executable == null || node == null || !Files.isDirectory(core)) {
      return null;
    }
    link(core);
    System.setProperty("playwright.cli.dir", DRIVER.toString());
    Map<String, String> environment =
        Map.of("PLAYWRIGHT_NODEJS_PATH", node.toString(), "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    Playwright playwright = Playwright.create(new Playwright.CreateOptions().setEnv(environment));
    return new Browser(playwright, executable, origin);
  }

  /** The driver looks for its own folder's name. */
  private static void link(Path core) {
    Path expected = DRIVER.resolve("package");
    try {
      if (!Files.exists(expected)) {
        Files.createSymbolicLink(expected, core);
      }
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  private static @Nullable Path onPath(String program) {
    for (String folder : String.valueOf(System.getenv("PATH")).split(":", -1)) {
      Path candidate = Path.of(folder, program);
      if (Files.isExecutable(candidate)) {
        return candidate;
      }
    }
    return null;
  }

  /** Opens a window of its own, with cookies of its own. */
  Page open(int width, boolean scripts) {
    BrowserContext context =
        chromium.newContext(
            new com.microsoft.playwright.Browser.NewContextOptions()
                .setBaseURL(origin)
                .setViewportSize(width, 900)
                .setReducedMotion(ReducedMotion.REDUCE)
                .setJavaScriptEnabled(scripts));
    context.setDefaultTimeout(PATIENCE_MILLIS);
    context.grantPermissions(List.of("clipboard-read", "clipboard-write"));
    context.onConsoleMessage(
        message -> {
          if (message.text().contains("Content Security Policy")
              || message.text().contains("Content-Security-Policy")) {
            complaints.add(message.text());
          }
        });
    context.onWebError(error -> complaints.add(error.error()));
    return context.newPage();
  }

  Page open() {
    return open(1280, true);
  }

  /** Keeps what the page looks like, in light and in dark, and says that axe finds nothing. */
  static void look(Page page, String name) {
    for (ColorScheme scheme : List.of(ColorScheme.LIGHT, ColorScheme.DARK)) {
      page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(scheme));
      page.waitForFunction(
          "scheme => getComputedStyle(document.documentElement).colorScheme === scheme",
          scheme.name().toLowerCase(java.util.Locale.ROOT));
      keep(page, name + "-" + scheme.name().toLowerCase(java.util.Locale.ROOT));
      assertThat(new AxeBuilder(page).setLegacyMode(true).analyze().getViolations())
          .as(name + " " + scheme)
          .extracting(violation -> violation.getId() + ": " + violation.getNodes())
          .isEmpty();
    }
    page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.LIGHT));
  }

  /** Keeps what the page looks like. */
  static void keep(Page page, String name) {
    page.screenshot(new Page.ScreenshotOptions().setPath(SCREENSHOTS.resolve(name + ".png")));
  }

  /** Returns violations of a policy and errors of scripts so far. */
  List<String> complaints() {
    return complaints;
  }

  @Override
  public void close() {
    chromium.close();
    playwright.close();
  }
}
