// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import com.microsoft.playwright.assertions.PlaywrightAssertions;
import dev.maglatch.postgres.DatabaseAddress;
import dev.maglatch.postgres.TestDatabase;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** A gateway in this JVM where anybody may sign up, and a browser before it once one is needed. */
final class TestDashboard implements AutoCloseable {
  private static final double PATIENCE_MILLIS = 30_000;

  final TestDatabase database;
  final EchoUpstream upstream = new EchoUpstream();
  final TestGateway gateway;
  private @Nullable Browser browser;

  private TestDashboard(
      TestDatabase database, DatabaseAddress address, Map<String, String> settings) {
    this.database = database;
    Map<String, String> all = new HashMap<>(settings);
    all.put("MAGLATCH_SESSIONS_SIGNUP", "true");
    this.gateway = TestGateway.begin(address, upstream.url(), all).awaitReady();
  }

  static TestDashboard start() {
    TestDatabase database = TestDatabase.create();
    return before(database, database.address());
  }

  /** Starts one whose webhooks may go to the upstream. */
  static TestDashboard withWebhooksToHere() {
    TestDatabase database = TestDatabase.create();
    return new TestDashboard(
        database,
        database.address(),
        Map.of(
            "MAGLATCH_WEBHOOKS_ALLOW_HTTP", "true",
            "MAGLATCH_WEBHOOKS_ALLOWED_CIDRS", "127.0.0.0/8"));
  }

  /** Starts one that finds {@code database}, which it closes in the end, at {@code address}. */
  static TestDashboard before(TestDatabase database, DatabaseAddress address) {
    return new TestDashboard(database, address, Map.of());
  }

  /** Returns somebody with a browser that runs no scripts. */
  WebVisitor visitor() {
    return new WebVisitor(gateway.gateway.httpPort());
  }

  /** Returns the status that a request with {@code key} is answered with. */
  int status(String key) {
    return gateway.get("/orders", "Authorization", "Bearer " + key).statusCode();
  }

  /** Returns the browser; where there is none, the test is skipped. */
  Browser browser() {
    if (browser == null) {
      browser = Browser.start("http://127.0.0.1:" + gateway.gateway.httpPort());
      PlaywrightAssertions.setDefaultAssertionTimeout(PATIENCE_MILLIS);
    }
    return browser == null ? Assumptions.abort(Browser.HOW_TO_GET_IT) : browser;
  }

  @Override
  public void close() {
    if (browser != null) {
      browser.close();
    }
    gateway.close();
    upstream.close();
    database.close();
  }
}
