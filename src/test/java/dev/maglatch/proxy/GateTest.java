// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.http.BearerToken;
import dev.maglatch.http.Cors;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the gate and the decoder refuse together, byte by byte. */
class GateTest {
  private static final Vertx vertx = Vertx.vertx();
  private static final Queue<String> passed = new ConcurrentLinkedQueue<>();
  private static int port;

  @BeforeAll
  static void startServer() throws Exception {
    HttpServerOptions options =
        new HttpServerOptions()
            .setMaxInitialLineLength(1_000)
            .setMaxHeaderSize(4_000)
            .setHttp2ClearTextEnabled(false)
            .setPerFrameWebSocketCompressionSupported(false)
            .setPerMessageWebSocketCompressionSupported(false);
    Gate gate = new Gate(ListenerConfig.DEFAULT);
    Rejection rejection = new Rejection(Cors.OFF);
    HttpServer server =
        vertx
            .createHttpServer(options)
            .connectionHandler(connection -> StrictDecoding.install(connection, options))
            .invalidRequestHandler(
                request ->
                    rejection.refuse(
                        request,
                        "id",
                        null,
                        null,
                        BearerToken.MISSING,
                        Gate.whyInvalid(request),
                        null))
            .requestHandler(request -> answer(gate, rejection, request));
    port = server.listen(0).toCompletionStage().toCompletableFuture().get(10, SECONDS).actualPort();
  }

  @AfterAll
  static void stop() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get(10, SECONDS);
  }

  private static void answer(Gate gate, Rejection rejection, HttpServerRequest request) {
    Refusal why = gate.check(request);
    if (why != null) {
      rejection.refuse(request, "id", request.path(), null, BearerToken.MISSING, why, null);
      return;
    }
    passed.add(request.method() + " " + request.uri());
    request
        .body()
        .onFailure(broken -> passed.add("broken"))
        .onSuccess(
            body -> {
              passed.add(body.toString());
              request.response().end(String.join(",", request.headers().names()));
            });
  }

  @BeforeEach
  void forget() {
    passed.clear();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1¦Host: x",
        "GET /a/b?c=d&e=%20[1] HTTP/1.1¦Host: x",
        "GET /~a!$&'()*+,;=:@-._ HTTP/1.1¦Host: x",
        "GET /a?b?c/d HTTP/1.1¦Host: x",
        "GET / HTTP/1.1¦host: example.org:8080",
        "GET / HTTP/1.1¦Host: [2001:db8::1]:80",
        "GET / HTTP/1.1¦Host: x¦Cookie: a=b; c=d¦X-Empty:¦Accept: */*",
        "GET / HTTP/1.1¦Host: x¦X-Tab: a\tb¦X-Latin: caf\u00e9",
        "GET / HTTP/1.1¦Host: x¦x!#$%&'*+-.^`|~: 1",
        "GET / HTTP/1.1¦Host:x¦Accept:  a  ",
        "GET / HTTP/1.0",
        "PROPFIND / HTTP/1.1¦Host: x",
        "OPTIONS /a HTTP/1.1¦Host: x",
        "POST / HTTP/1.1¦Host: x¦Content-Length: 0",
      })
  void ordinaryRequestPasses(String lines) {
    try (RawConnection client = new RawConnection(port)) {
      client.send(lines.replace("¦", "\r\n") + "\r\n\r\n");
      assertThat(client.read().status()).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // targets
        "GET http://x/ HTTP/1.1¦Host: x",
        "GET https://x/ HTTP/1.1¦Host: x",
        "GET x HTTP/1.1¦Host: x",
        "GET * HTTP/1.1¦Host: x",
        "OPTIONS * HTTP/1.1¦Host: x",
        "GET ?a HTTP/1.1¦Host: x",
        "GET /a#b HTTP/1.1¦Host: x",
        "GET /a\\b HTTP/1.1¦Host: x",
        "GET /a\"b HTTP/1.1¦Host: x",
        "GET /<a> HTTP/1.1¦Host: x",
        "GET /{a} HTTP/1.1¦Host: x",
        "GET /a^b HTTP/1.1¦Host: x",
        "GET /a`b HTTP/1.1¦Host: x",
        "GET /a?b=c|d HTTP/1.1¦Host: x",
        "GET /caf\u00e9 HTTP/1.1¦Host: x",
        "GET /a%zz HTTP/1.1¦Host: x",
        "GET /a% HTTP/1.1¦Host: x",
        "GET /a%2 HTTP/1.1¦Host: x",
        "GET /?a%g0 HTTP/1.1¦Host: x",
        "GET /a\u0000b HTTP/1.1¦Host: x",
        "GET /a\tb HTTP/1.1¦Host: x",
        "GET /a\u007fb HTTP/1.1¦Host: x",
        "GET /a b HTTP/1.1¦Host: x",
        "GET  HTTP/1.1¦Host: x",
        // hosts
        "GET / HTTP/1.1",
        "GET / HTTP/1.1¦Host: x¦Host: x",
        "GET / HTTP/1.1¦Host: x¦host: y",
        "GET / HTTP/1.1¦Host:",
        "GET / HTTP/1.1¦Host: x y",
        "GET / HTTP/1.1¦Host: x/y",
        "GET / HTTP/1.1¦Host: u@x",
        "GET / HTTP/1.1¦Host: x:99999",
        "GET / HTTP/1.1¦Host: x:a",
        "GET / HTTP/1.1¦Host: x,y",
        "GET / HTTP/1.1¦Host: [::1",
        "GET / HTTP/1.1¦Host: [1]",
        "GET / HTTP/1.1¦Host: ::1",
        "GET / HTTP/1.0¦Host: x¦Host: y",
        // framing
        "POST / HTTP/1.1¦Host: x¦Content-Length: 3¦Transfer-Encoding: chunked",
        "POST / HTTP/1.1¦Host: x¦Transfer-Encoding: chunked¦Content-Length: 3",
        "POST / HTTP/1.1¦Host: x¦Content-Length: 3¦Content-Length: 3",
        "POST / HTTP/1.1¦Host: x¦Content-Length: 3¦Content-Length: 4",
        "POST / HTTP/1.1¦Host: x¦Content-Length: 3, 3",
        "POST / HTTP/1.1¦Host: x¦Content-Length: +3",
        "POST / HTTP/1.1¦Host: x¦Content-Length: -3",
        "POST / HTTP/1.1¦Host: x¦Content-Length: 0x3",
        "POST / HTTP/1.1¦Host: x¦Content-Length: 3 3",
        "POST / HTTP/1.1¦Host: x¦Content-Length: 3.0",
        "POST / HTTP/1.1¦Host: x¦Content-Length:",
        "POST / HTTP/1.1¦Host: x¦Content-Length: a",
        "POST / HTTP/1.1¦Host: x¦Content-Length: \u0663",
        "POST / HTTP/1.1¦Host: x¦Content-Length: 99999999999999999999",
        "POST / HTTP/1.1¦Host: x¦Transfer-Encoding: gzip",
        "POST / HTTP/1.1¦Host: x¦Transfer-Encoding: gzip, chunked",
        "POST / HTTP/1.1¦Host: x¦Transfer-Encoding: chunked, identity",
        "POST / HTTP/1.1¦Host: x¦Transfer-Encoding: identity",
        "POST / HTTP/1.1¦Host: x¦Transfer-Encoding: xchunked",
        "POST / HTTP/1.1¦Host: x¦Transfer-Encoding: chunked;a",
        "POST / HTTP/1.1¦Host: x¦Transfer-Encoding: \"chunked\"",
        "POST / HTTP/1.1¦Host: x¦Transfer-Encoding:\u000bchunked",
        "POST / HTTP/1.1¦Host: x¦Transfer-Encoding: chunked¦Transfer-Encoding: chunked",
        "POST / HTTP/1.1¦Host: x¦Transfer-Encoding: chunked¦Transfer-Encoding: identity",
        "POST / HTTP/1.1¦Host: x¦Transfer-Encoding:",
        "POST / HTTP/1.0¦Host: x¦Transfer-Encoding: chunked",
        "POST / HTTP/1.1¦Host: x¦Transfer-Encoding : chunked",
        "POST / HTTP/1.1¦Host: x¦Transfer-Encoding\t: chunked",
        "POST / HTTP/1.1¦Host: x¦Transfer_Encoding: chunked",
        "POST / HTTP/1.1¦Host: x¦Content-Length : 3",
        // header lines
        "GET / HTTP/1.1¦Host: x¦: a",
        "GET / HTTP/1.1¦Host: x¦X-Maglatch_Key-Id: a",
        "GET / HTTP/1.1¦Host: x¦a_b: c",
        "GET / HTTP/1.1¦Host: x¦a b: c",
        "GET / HTTP/1.1¦Host: x¦a\u0001: c",
        "GET / HTTP/1.1¦Host: x¦a\u007f: c",
        "GET / HTTP/1.1¦Host: x¦a\u0000b: c",
        "GET / HTTP/1.1¦Host: x¦a\u00e9: c",
        "GET / HTTP/1.1¦Host: x¦a(b): c",
        "GET / HTTP/1.1¦Host: x¦a: b\u0000c",
        "GET / HTTP/1.1¦Host: x¦a: b\u0001c",
        "GET / HTTP/1.1¦Host: x¦a: b\u007fc",
        "GET / HTTP/1.1¦Host: x¦a: b\u000bc",
        "GET / HTTP/1.1¦Host: x¦a: b\rc",
        "GET / HTTP/1.1¦Host: x¦a: b\r",
        "GET / HTTP/1.1¦Host: x¦a: b\nc: d",
        "GET / HTTP/1.1\nHost: x",
        "GET / HTTP/1.1¦Host: x\nX: y",
        "GET / HTTP/1.1¦Host: x¦a: b¦ c",
        "GET / HTTP/1.1¦Host: x¦a: b¦\tc",
        "GET / HTTP/1.1¦Host: x¦Transfer-Encoding:¦ chunked",
        "GET / HTTP/1.1¦ Host: x",
        "GET / HTTP/1.1¦Host: x¦no colon",
        // request lines
        "GET /",
        "GET / HTTP/1.1 x¦Host: x",
        "GET / HTTP/1,1¦Host: x",
        "G\u0001T / HTTP/1.1¦Host: x",
        "GET\u000b/ HTTP/1.1¦Host: x",
        "GET\t/ HTTP/1.1¦Host: x",
        "GET  / HTTP/1.1¦Host: x",
        "GET /  HTTP/1.1¦Host: x",
        " GET / HTTP/1.1¦Host: x",
        "(GET) / HTTP/1.1¦Host: x",
      })
  void ambiguousRequestIs400AndEndsTheConnection(String lines) {
    String next = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    try (RawConnection client = new RawConnection(port)) {
      client.send(lines.replace("¦", "\r\n") + "\r\n\r\n" + next);

      String answers = client.readToEnd();

      assertThat(answers).matches("(?s)HTTP/1.[01] 400 .*").containsOnlyOnce("HTTP/1.");
      assertThat(passed).isEmpty();
    }
    assertGoodRequestIsAnswered();
  }

  @ParameterizedTest
  @CsvSource({"CONNECT, x:443", "CONNECT, /", "TRACE, /"})
  void tunnelAndTraceAreNotAllowed(String method, String target) {
    try (RawConnection client = new RawConnection(port)) {
      client.send(method + " " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");

      RawConnection.Answer answer = client.read();

      assertThat(answer.status()).isEqualTo(405);
      assertThat(answer.header("allow")).contains("GET").doesNotContain(method);
      assertThat(passed).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "HTTP/3.0", "http/1.1"})
  void otherVersionsAreNotRead(String version) {
    try (RawConnection client = new RawConnection(port)) {
      client.send("GET / " + version + "\r\nHost: x\r\n\r\n");

      assertThat(client.readToEnd()).startsWith("HTTP/1.1 400 ").contains("X-Request-Id: id");
      assertThat(passed).isEmpty();
    }
  }

  @Test
  void hundredAndFirstHeaderIs431() {
    String host = "GET / HTTP/1.1\r\nHost: x\r\n";
    try (RawConnection client = new RawConnection(port)) {
      assertThat(client.send(host + "a: b\r\n".repeat(99) + "\r\n").read().status()).isEqualTo(200);
      client.send(host + "a: b\r\n".repeat(100) + "\r\n");

      assertThat(client.readToEnd()).startsWith("HTTP/1.1 431 ");
    }
  }

  @Test
  void hugeHeaderIs431AndHugeTargetIs414() {
    try (RawConnection client = new RawConnection(port)) {
      client.send("GET / HTTP/1.1\r\nHost: x\r\na: " + "b".repeat(5_000) + "\r\n\r\n");
      assertThat(client.readToEnd()).startsWith("HTTP/1.1 431 ");
    }
    try (RawConnection client = new RawConnection(port)) {
      client.send("GET /" + "a".repeat(2_000) + " HTTP/1.1\r\nHost: x\r\n\r\n");
      assertThat(client.readToEnd()).startsWith("HTTP/1.0 414 ");
    }
  }

  /** Line and fields without their ends of line, the fields all together. */
  @ParameterizedTest
  @CsvSource({"999, 3999, 200", "1000, 4000, 200", "1001, 4000, 414", "1000, 4001, 431"})
  void lineAndFieldsMayBeAsLongAsTheirBounds(int line, int fields, int status) {
    String start = "GET /" + "a".repeat(line - "GET / HTTP/1.1".length()) + " HTTP/1.1\r\n";
    String filler = "a: " + "b".repeat(fields - "Host: xa: Connection: close".length());
    try (RawConnection client = new RawConnection(port)) {
      client.send(start + "Host: x\r\n" + filler + "\r\nConnection: close\r\n\r\n");

      assertThat(client.readToEnd()).matches("(?s)HTTP/1.[01] " + status + " .*");
    }
  }

  @ParameterizedTest
  @CsvSource({"254, 200", "255, 200", "256, 400"})
  void hostMayBeAsLongAsItsBound(int length, int status) {
    assertThat(statusFor("GET / HTTP/1.1\r\nHost: " + "a".repeat(length))).isEqualTo(status);
  }

  @ParameterizedTest
  @CsvSource({"65534, 200", "65535, 200", "65536, 400"})
  void portMayBeAsHighAsThereAre(int port, int status) {
    assertThat(statusFor("GET / HTTP/1.1\r\nHost: a:" + port)).isEqualTo(status);
  }

  /** What has more digits may not fit the number that the next reader puts it in. */
  @ParameterizedTest
  @CsvSource({"17, 200", "18, 200", "19, 400"})
  void lengthHasSoManyDigits(int digits, int status) {
    String length = "0".repeat(digits - 1) + "3";
    assertThat(statusFor("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + length, "abc"))
        .isEqualTo(status);
  }

  private static int statusFor(String head) {
    return statusFor(head, "");
  }

  private static int statusFor(String head, String body) {
    try (RawConnection client = new RawConnection(port)) {
      return client.send(head + "\r\n\r\n" + body).read().status();
    }
  }

  /** CVE-2026-102479: Vert.x 5.0.12 would read three bytes of the next request as a body. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Xength: 5",
        "content-xength: 5",
        "Content-LengtH: 0",
        "Content-Lengtx: 5",
        "Cxntent-Length: 5",
        "ContentXLength: 5",
        "Connectixn: close",
        "Hoxt: y",
        "Accexx: y",
        "Content-Typx: y",
        "ContentxType: y",
      })
  void headerWithASimilarNameIsTakenAsItIs(String line) {
    String name = line.substring(0, line.indexOf(':'));
    try (RawConnection client = new RawConnection(port)) {
      for (int i = 0; i < 2; i++) {
        client.send("GET /" + i + " HTTP/1.1\r\nHost: x\r\n" + line + "\r\n\r\n");
        assertThat(client.read().body().split(",")).contains(name);
      }
    }
    assertThat(passed).containsExactly("GET /0", "", "GET /1", "");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x\r\n",
        "-1\r\n",
        "+3\r\nabc\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "3 \r\nabc\r\n0\r\n\r\n",
        " 3\r\nabc\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",
        "3\r\nabc\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "3\r\nabc0\r\n\r\n",
        "3\r\nab\r\n0\r\n\r\n",
        "\r\n3\r\nabc\r\n0\r\n\r\n",
        "ffffffffffffffff\r\n",
        "100000000\r\n",
        "3;a\nb\r\nabc\r\n0\r\n\r\n",
        "3;\u0000\r\nabc\r\n0\r\n\r\n",
        "3\r\nabc\r\n0\r\nx y: z\r\n\r\n",
        "3\r\nabc\r\n0\r\na: b\nc: d\r\n\r\n",
        "3\r\nabc\r\n0\r\nno colon\r\n\r\n",
        "3\r\nabc\r\n0\r\n\n",
      })
  void brokenChunksNeverBecomeABodyOrARequest(String chunks) {
    String next = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    try (RawConnection client = new RawConnection(port)) {
      client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks);
      client.send(next);
      client.readToEnd();
      assertThat(passed).startsWith("POST /").contains("broken").hasSizeLessThan(4);
    }
    assertGoodRequestIsAnswered();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "3\r\nabc\r\n0\r\n\r\n",
        "03\r\nabc\r\n0\r\n\r\n",
        "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
        "3;ext=1\r\nabc\r\n0\r\n\r\n",
        "3\r\nabc\r\n0\r\nTrailer-A: b\r\n\r\n",
      })
  void wellFormedChunksAreABody(String chunks) {
    try (RawConnection client = new RawConnection(port)) {
      client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks);
      assertThat(client.read().status()).isEqualTo(200);
      assertThat(passed).containsExactly("POST /", "abc");
    }
  }

  /** Bodies and heads that arrive byte by byte or several at once are told apart all the same. */
  @Test
  void bodyLinesThatBeginWithABlankAreNoFolds() {
    String post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\na\r\n b\n";
    String get = "GET /g HTTP/1.1\r\nHost: x\r\n\r\n";
    try (RawConnection client = new RawConnection(port)) {
      client.send(post + "\r\n" + post + get + post);
      for (int i = 0; i < 4; i++) {
        assertThat(client.read().status()).isEqualTo(200);
      }
      (post + get).chars().forEach(c -> client.send(String.valueOf((char) c)));
      assertThat(client.read().status()).isEqualTo(200);
      assertThat(client.read().status()).isEqualTo(200);
    }
    assertThat(passed).hasSize(12).filteredOn("a\r\n b\n"::equals).hasSize(4);
  }

  @Test
  void foldIsFoundWhenTheHeadArrivesByteByByte() {
    try (RawConnection client = new RawConnection(port)) {
      "GET / HTTP/1.1\r\nHost: x\r\na: b\r\n c\r\n\r\n"
          .chars()
          .forEach(c -> client.send(String.valueOf((char) c)));

      assertThat(client.readToEnd()).startsWith("HTTP/1.1 400 ");
    }
    assertThat(passed).isEmpty();
  }

  /** What was read together with one head must not count as looked at for the next. */
  @Test
  void pipelinedHeadsAreLookedAtOneByOne() {
    String get = "GET / HTTP/1.1\r\nHost: x\r\nAccept: text/plain\r\n\r\n";
    for (int cut = 1; cut < get.length(); cut++) {
      try (RawConnection client = new RawConnection(port)) {
        client.send(get + get + get.substring(0, cut));
        assertThat(client.read().status()).isEqualTo(200);
        assertThat(client.read().status()).isEqualTo(200);
        client.send(get.substring(cut));
        assertThat(client.read().status()).isEqualTo(200);
      }
    }
    try (RawConnection client = new RawConnection(port)) {
      client.send(get + get.replace("text/plain", "text/plain\r\n b"));
      assertThat(client.read().status()).isEqualTo(200);
      assertThat(client.readToEnd()).contains(" 400 ");
    }
  }

  private static void assertGoodRequestIsAnswered() {
    try (RawConnection client = new RawConnection(port)) {
      client.send("GET /good HTTP/1.1\r\nHost: x\r\n\r\n");
      assertThat(client.read().status()).isEqualTo(200);
    }
  }
}
