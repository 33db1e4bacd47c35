// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.maglatch.key.KeyKind;
import dev.maglatch.verify.Verdict;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * After any hostile request the next good one is answered, and the upstream connections are as many
 * as before; the upstream never sees what was refused, nor an identity that a client made up.
 *
 * <p>In the tables ¦ is the end of a line.
 */
class HostileRequestsTest {
  private static final String KEY = "Authorization: Bearer mgp_good";

  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final UpstreamServer upstream = new UpstreamServer();
  private static final RunningProxy proxy =
      new RunningProxy(
          new ProxyConfig(
              List.of(
                  route("/open", Auth.NONE),
                  route("/maybe", Auth.OPTIONAL),
                  route("/", Auth.REQUIRED)),
              List.of(),
              ProxyConfig.Pool.DEFAULT),
          impatient(),
          UnaryOperator.identity());

  static {
    proxy.credentials.at(
        "mgp_good", Verdict.allowed(RunningProxy.principal(KeyKind.ORG, "read-write")));
  }

  private static Route route(String path, Auth auth) {
    Route all = RunningProxy.with(Route.catchAll(upstream.address()), auth, Set.of());
    PathPattern below = PathPattern.prefix(path.equals("/") ? "" : path);
    return Routes.with(
        Routes.with(Routes.named(all, path), new RouteMatch(null, below, Set.of())), 1_000_000);
  }

  private static ListenerConfig impatient() {
    ListenerConfig usual = Listeners.leaving(ListenerConfig.DEFAULT, Duration.ZERO);
    return Listeners.waiting(usual, Duration.ofMillis(600), usual.idleTimeout());
  }

  @AfterAll
  static void stop() {
    proxy.close();
    upstream.close();
  }

  @AfterEach
  void nextGoodRequestIsAnsweredOnOneUpstreamConnection() throws IOException {
    soon().untilAsserted(() -> assertThat(upstream.open()).isLessThanOrEqualTo(1));
    String target = "/next/" + COUNT.incrementAndGet();
    try (Wire client = proxy.connect()) {
      client.send("GET " + target + " HTTP/1.1", "Host: h", KEY);
      assertThat(client.readText(client.head())).isEqualTo("read 0");
    }
    assertThat(targets()).containsOnlyOnce(target);
    soon().untilAsserted(() -> assertThat(upstream.open()).isEqualTo(1));
    assertThat(targets()).noneMatch(seen -> seen.contains("smuggled"));
  }

  private static ConditionFactory soon() {
    return await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(5));
  }

  private static List<String> targets() {
    return upstream.received().stream().map(Message::target).toList();
  }

  /** What the upstream saw, without what a client that left may have sent at any time. */
  private static List<Message> received() {
    return upstream.received().stream()
        .filter(message -> !message.target().startsWith("/left"))
        .toList();
  }

  private static String answerTo(String bytes) {
    try (RawConnection client = new RawConnection(proxy.port())) {
      return client.send(bytes).readToEnd();
    }
  }

  private static String lines(String lines) {
    return lines.replace("¦", "\r\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET http://h/ HTTP/1.1¦Host: h¦¦",
        "GET / HTTP/1.1¦¦",
        "GET / HTTP/1.1¦Host: h¦Host: i¦¦",
        "POST / HTTP/1.1¦Host: h¦Content-Length: 4¦Transfer-Encoding: chunked¦¦0¦¦",
        "POST / HTTP/1.1¦Host: h¦Content-Length: 4¦Content-Length: 5¦¦abcd",
        "POST / HTTP/1.1¦Host: h¦Transfer-Encoding: gzip, chunked¦¦0¦¦",
        "POST / HTTP/1.1¦Host: h¦Transfer-Encoding: chunked¦Transfer-Encoding: x¦¦0¦¦",
        "POST / HTTP/1.0¦Host: h¦Transfer-Encoding: chunked¦¦0¦¦",
        "POST / HTTP/1.1¦Host: h¦Transfer-Encoding:¦ chunked¦¦0¦¦",
        "POST / HTTP/1.1¦Host: h¦Transfer-Encoding : chunked¦¦0¦¦",
        "GET / HTTP/1.1¦Host: h¦a: b\rX-Injected: c¦¦",
        "GET / HTTP/1.1¦Host: h¦a: b\nX-Injected: c¦¦",
        "GET / HTTP/1.1¦Host: h¦a: b\u0000c¦¦",
        "GET / HTTP/1.1¦Host: h¦X_Maglatch_Key_Id: a¦¦",
        "GET / HTTP/1.1\nHost: h\n\n",
        "GET /\u0000 HTTP/1.1¦Host: h¦¦",
        "GET /a b HTTP/1.1¦Host: h¦¦",
        "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003¦¦",
        "SSH-2.0-x¦¦",
        "{}¦¦",
      })
  void malformedRequestIs400AndNothingAfterItIsRead(String request) {
    int before = received().size();
    String good = "GET /smuggled HTTP/1.1\r\nHost: h\r\n" + KEY + "\r\n\r\n";
    String keyed = lines(request.replaceFirst("Host: h¦", "Host: h¦" + KEY + "¦"));

    String answers = answerTo(keyed + good);

    assertThat(answers).matches("(?s)HTTP/1.[01] 400 .*").containsOnlyOnce("HTTP/1.");
    assertThat(answers).containsIgnoringCase("x-request-id: ").contains("bad_request");
    assertThat(received()).hasSize(before);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "3¦abc¦x¦", // second chunk
        "3¦abc¦-1¦",
        "3¦abc¦3;\n¦abc¦0¦¦",
        "3¦abcd¦0¦¦",
        "3¦abc¦0¦bad trailer: x¦¦", // trailer
        "3¦abc¦0¦: x¦¦",
        "3¦abc¦0¦a: b\u0000¦¦",
        "3¦abc¦0¦a: b\nc: d¦¦",
      })
  void malformedBodyIs400AndNeverCompleteUpstream(String chunks) throws IOException {
    String target = "/left/" + COUNT.incrementAndGet();
    try (Wire client = proxy.connect()) {
      client.send("POST " + target + " HTTP/1.1", "Host: h", KEY, "Transfer-Encoding: chunked");
      soon().until(() -> targets().contains(target));
      client.write(lines(chunks) + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");

      Message answer = client.head();

      assertThat(answer.status()).isEqualTo(400);
      client.readText(answer);
      assertThat(client.isAtEnd()).isTrue();
    }
  }

  /** CVE-2026-102479. */
  @Test
  void similarNameIsNotTheLengthOfABody() throws IOException {
    try (Wire client = proxy.connect()) {
      client.send("GET /one HTTP/1.1", "Host: h", KEY, "Content-Xength: 38");
      assertThat(client.readText(client.head())).isEqualTo("read 0");

      client.send("GET /two HTTP/1.1", "Host: h", KEY);
      assertThat(client.readText(client.head())).isEqualTo("read 0");
    }
    assertThat(targets()).contains("/one", "/two");
  }

  @Test
  void clientThatLeavesAnywhereCostsNothing() throws IOException {
    String post = "POST /left HTTP/1.1\r\nHost: h\r\n" + KEY + "\r\nContent-Length: 5\r\n\r\nabc";
    for (int length = 1; length <= post.length(); length += 7) {
      try (Wire client = proxy.connect()) {
        client.write(post.substring(0, length));
        client.reset();
      }
    }
  }

  @Test
  void headThatDripsIsCutOff() throws IOException {
    long begin = System.nanoTime();
    try (Wire client = proxy.connect()) {
      client.write("GET / HTTP/1.1\r\nHost: h\r\n");
      await()
          .pollInterval(Duration.ofMillis(50))
          .atMost(Duration.ofSeconds(5))
          .until(() -> failsToWrite(client, "a: b\r\n"));
    }
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
  }

  @Test
  void secondHeadThatDripsIsCutOff() throws IOException {
    try (Wire client = proxy.connect()) {
      client.send("GET /first HTTP/1.1", "Host: h", KEY);
      client.readText(client.head());
      client.write("G");
      await()
          .pollInterval(Duration.ofMillis(50))
          .atMost(Duration.ofSeconds(5))
          .until(() -> failsToWrite(client, "E"));
    }
  }

  private static boolean failsToWrite(Wire client, String text) {
    try {
      client.write(text);
      return false;
    } catch (IOException cut) {
      return true;
    }
  }

  /** A pipelined request may need a second upstream connection, which then stays: so apart. */
  @Test
  void manyPipelinedRequestsAreAnsweredInOrder() throws IOException {
    try (UpstreamServer origin = new UpstreamServer();
        RunningProxy apart = new RunningProxy(Route.catchAll(origin.address()));
        Wire client = apart.connect()) {
      apart.credentials.at("mgp_good", Verdict.allowed(RunningProxy.principal(KeyKind.MGP)));
      StringBuilder requests = new StringBuilder();
      for (int i = 0; i < 50; i++) {
        requests.append("GET /").append(i).append(" HTTP/1.1\r\nHost: h\r\n");
        requests.append(i % 2 == 0 ? KEY + "\r\n\r\n" : "\r\n");
      }
      client.write(requests.toString());
      for (int i = 0; i < 50; i++) {
        Message answer = client.head();
        client.readText(answer);
        assertThat(answer.status()).isEqualTo(i % 2 == 0 ? 200 : 401);
      }
      assertThat(origin.open()).isLessThanOrEqualTo(2);
    }
  }

  /** No spelling of a path reaches a protected route's target through an open one. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/open/../admin",
        "/open/..",
        "/open/./../admin",
        "/open/%2e%2e/admin",
        "/open/%2E%2E/admin",
        "/open/.%2e/admin",
        "/open/%2e./admin",
        "/open%2f..%2fadmin",
        "/open/..%2fadmin",
        "/open/..%5cadmin",
        "/open\\..\\admin",
        "/open/..;/admin",
        "/open/..;a=b/admin",
        "/open/%2e%2e;/admin",
        "/open/..%3b/admin",
        "/open/%252e%252e/admin",
        "/open/%25252e%25252e/admin",
        "/open/%c0%ae%c0%ae/admin",
        "/open/%e0%80%ae%e0%80%ae/admin",
        "/open/..%c0%afadmin",
        "/open/..%00/admin",
        "/open/..%0d%0a/admin",
        "/open/%u002e%u002e/admin",
        "/open/..%/admin",
        "/open/..%2/admin",
        "//open/../admin",
        "/open//../admin",
        "/open/..//admin",
        "/./open/../admin",
        "/%6fpen/../admin",
        "/open?/../../admin#/..",
        "http://h/open/../admin",
        "*",
        "admin",
      })
  void pathTrickNeverGetsThroughTheOpenRoute(String target) {
    int before = received().size();

    String answer = answerTo("GET " + target + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");

    assertThat(answer).startsWith("HTTP/1.1 400 ");
    assertThat(received()).hasSize(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"//open", "/%6fpen", "/open;a", "/;/open", "/%6Fpen/x", "//open/x"})
  void otherSpellingOfAnOpenPathIsNotOpen(String target) {
    int before = received().size();

    String answer = answerTo("GET " + target + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");

    assertThat(answer).matches("(?s)HTTP/1.1 (400|401) .*");
    assertThat(received()).hasSize(before);
  }

  @ParameterizedTest
  @CsvSource({
    "/open/a%2Fb",
    "/open//a?b=%2e%2e/c",
    "/open/a;v=1",
    "/open/caf%C3%A9",
    "/open/a%252F"
  })
  void rawPathIsForwarded(String target) throws IOException {
    try (Wire client = proxy.connect()) {
      client.send("GET " + target + " HTTP/1.1", "Host: h");
      assertThat(client.head().status()).isEqualTo(200);
    }
    assertThat(targets()).contains(target);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "X-Maglatch-Key-Id: evil",
        "x-maglatch-key-id: evil",
        "X-MAGLATCH-KEY-ID: evil",
        "X-Maglatch-Key-Id: evil¦X-Maglatch-Key-Id: evil2",
        "X-Maglatch-Account-Id: evil¦Connection: X-Maglatch-Account-Id",
        "Connection: X-Maglatch-Key-Id, X-Maglatch-Scopes, close",
        "Connection: keep-alive¦Connection: x-maglatch-key-id",
        "X-Maglatch-Scopes: admin",
        "X-Maglatch-Permissions: all",
        "X-Maglatch-Invented: evil",
        "X-Maglatch-: evil",
        "X-maglatch-Auth-Method:",
      })
  void identityIsTheGatewaysAlone(String spoof) throws IOException {
    for (String path : List.of("/open", "/maybe", "/closed")) {
      int before = received().size();
      try (Wire client = proxy.connect()) {
        String key = path.equals("/closed") ? KEY + "\r\n" : "";
        client.write("GET " + path + " HTTP/1.1\r\nHost: h\r\n" + key + lines(spoof) + "\r\n\r\n");
        assertThat(client.head().status()).isEqualTo(200);
      }
      assertThat(received()).hasSize(before + 1);
      assertIdentity(received().get(before), path.equals("/closed"));
    }
  }

  private static void assertIdentity(Message seen, boolean known) {
    List<String> identity =
        seen.fields().stream()
            .map(line -> line.toLowerCase(Locale.ROOT))
            .filter(line -> line.replace('_', '-').startsWith("x-maglatch"))
            .toList();
    assertThat(identity).noneMatch(line -> line.contains("evil") || line.contains("invented"));
    assertThat(identity).doesNotHaveDuplicates();
    if (known) {
      assertThat(seen.field("X-Maglatch-Key-Id")).isEqualTo(RunningProxy.KEY.toString());
      assertThat(seen.field("X-Maglatch-Account-Id")).isEqualTo(RunningProxy.ACCOUNT.toString());
      assertThat(seen.field("X-Maglatch-Scopes")).isEqualTo("read-write");
      assertThat(seen.field("X-Maglatch-Permissions")).isEmpty();
      assertThat(seen.field("X-Maglatch-Auth-Method")).isEqualTo("api-key");
    } else {
      assertThat(identity).allMatch(line -> line.endsWith(":") || line.endsWith(": "));
    }
  }

  @Test
  void identityInTrailersIsDropped() throws IOException {
    int before = received().size();
    try (Wire client = proxy.connect()) {
      client.send("POST /trailers HTTP/1.1", "Host: h", KEY, "Transfer-Encoding: chunked");
      client.write("0\r\nX-Maglatch-Key-Id: evil\r\nX-Fine: yes\r\n\r\n");
      assertThat(client.head().status()).isEqualTo(200);
    }
    assertIdentity(received().get(before), true);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Authorization: Bearer mgp_good¦Authorization: Bearer mgp_good",
        "Authorization: Bearer mgp_good, Bearer mgp_good",
        "Authorization: Bearer mgp_good mgp_good",
        "Authorization: Bearer",
        "Authorization: mgp_good",
        "Authorization: Basic mgp_good",
        "Authorization:",
        "Proxy-Authorization: Bearer mgp_good",
        "X-Authorization: Bearer mgp_good",
        "Cookie: maglatch_session=mgp_good",
      })
  void onlyOneProperCredentialIsOne(String headers) {
    int before = received().size();

    String answer =
        answerTo(
            "GET /closed HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                + lines(headers)
                + "\r\n\r\n");

    assertThat(answer).startsWith("HTTP/1.1 401 ").containsIgnoringCase("www-authenticate: Bearer");
    assertThat(received()).hasSize(before);
  }
}
