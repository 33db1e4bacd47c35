// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What one request and its answer look like on the other side. */
class ForwardingTest {
  private final UpstreamServer upstream = new UpstreamServer();
  private final RunningProxy proxy = new RunningProxy(RunningProxy.open(upstream));

  @AfterEach
  void stop() {
    proxy.close();
    upstream.close();
  }

  private Message get(Wire client, String fields) throws IOException {
    client.write("GET /a%20b?q=1 HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n");
    return client.head();
  }

  @Test
  void requestAndAnswerPassWithTheirTargetAndBody() throws IOException {
    try (Wire client = proxy.connect()) {
      Message answer = get(client, "");
      assertThat(answer.status()).isEqualTo(200);
      assertThat(client.readText(answer)).isEqualTo("read 0");
      assertThat(upstream.onlyRequest().startLine()).isEqualTo("GET /a%20b?q=1 HTTP/1.1");
    }
  }

  @Test
  void connectionsAreKeptOnBothSides() throws IOException {
    try (Wire client = proxy.connect()) {
      for (int i = 0; i < 5; i++) {
        assertThat(client.readText(get(client, ""))).isEqualTo("read 0");
      }
      assertThat(upstream.accepted()).isEqualTo(1);
    }
  }

  @Test
  void bodyWithLengthKeepsItsLength() throws IOException {
    try (Wire client = proxy.connect()) {
      client.write("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
      assertThat(client.readText(client.head())).isEqualTo("read 5");
      assertThat(upstream.onlyRequest().field("content-length")).isEqualTo("5");
      assertThat(upstream.onlyRequest().has("transfer-encoding")).isFalse();
    }
  }

  @Test
  void chunkedBodyStaysChunked() throws IOException {
    try (Wire client = proxy.connect()) {
      client.write("POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
      client.writeChunk("hello");
      client.writeChunk(" you");
      client.write("0\r\n\r\n");
      assertThat(client.readText(client.head())).isEqualTo("read 9");
      assertThat(upstream.onlyRequest().chunked()).isTrue();
      assertThat(upstream.onlyRequest().has("content-length")).isFalse();
    }
  }

  /** Some servers answer 411 to a POST that says nothing about its length. */
  @Test
  void postWithoutBodySaysSo() throws IOException {
    try (Wire client = proxy.connect()) {
      client.write("POST /p HTTP/1.1\r\nHost: h\r\n\r\n");
      assertThat(client.readText(client.head())).isEqualTo("read 0");
      assertThat(upstream.onlyRequest().field("content-length")).isEqualTo("0");
    }
  }

  @Test
  void trailersPassBothWaysButNotThoseAboutIdentity() throws IOException {
    upstream.does(
        (wire, request) -> {
          wire.readBody(request);
          wire.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n");
          wire.writeChunk(String.join("|", wire.trailers()));
          wire.write("0\r\nX-Sum: 7\r\nX-Maglatch-Key-Id: evil\r\nSet-Cookie: a=b\r\n\r\n");
        });
    try (Wire client = proxy.connect()) {
      client.send(
          "POST /p HTTP/1.1",
          "Host: h",
          "TE: trailers",
          "Connection: TE",
          "Transfer-Encoding: chunked");
      client.writeChunk("hello");
      client.write("0\r\nX-Hash: 1\r\nX-MAGLATCH-Key-Id: evil\r\nHost: evil\r\n");
      client.write("X_Maglatch_Key_Id: evil\r\nX_Forwarded_For: evil\r\n\r\n");
      assertThat(client.readText(client.head())).isEqualTo("X-Hash: 1");
      assertThat(client.trailers()).containsExactly("X-Sum: 7");
      assertThat(upstream.onlyRequest().field("te")).isEqualTo("trailers");
    }
  }

  @Test
  void headAnswerHasALengthAndNoBody() throws IOException {
    upstream.does((wire, request) -> wire.write("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"));
    try (Wire client = proxy.connect()) {
      client.write("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
      assertThat(client.head().field("content-length")).isEqualTo("99");
      client.write("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
      assertThat(client.head().status()).isEqualTo(200);
      assertThat(upstream.accepted()).isEqualTo(1);
    }
  }

  @Test
  void noContentAndNotModifiedEndWithTheirHeads() throws IOException {
    upstream.does(
        (wire, request) ->
            wire.write(
                request.target().equals("/204")
                    ? "HTTP/1.1 204 No Content\r\n\r\n"
                    : "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 7\r\n\r\n"));
    try (Wire client = proxy.connect()) {
      client.write("GET /204 HTTP/1.1\r\nHost: h\r\n\r\n");
      Message none = client.head();
      assertThat(none.status()).isEqualTo(204);
      assertThat(none.has("content-length")).isFalse();
      assertThat(none.has("transfer-encoding")).isFalse();
      client.write("GET /304 HTTP/1.1\r\nHost: h\r\n\r\n");
      Message same = client.head();
      assertThat(same.status()).isEqualTo(304);
      assertThat(same.field("etag")).isEqualTo("\"x\"");
      assertThat(same.has("transfer-encoding")).isFalse();
      assertThat(get(client, "").status()).isEqualTo(304);
      assertThat(upstream.accepted()).isEqualTo(1);
    }
  }

  @Test
  void answerThatEndsWithTheConnectionIsChunked() throws IOException {
    upstream.does(
        (wire, request) -> {
          wire.write("HTTP/1.0 200 OK\r\n\r\nuntil the end");
          wire.close();
        });
    try (Wire client = proxy.connect()) {
      Message answer = get(client, "");
      assertThat(answer.chunked()).isTrue();
      assertThat(client.readText(answer)).isEqualTo("until the end");
      assertThat(client.readText(get(client, ""))).isEqualTo("until the end");
    }
  }

  @Test
  void oldClientGetsAnAnswerThatEndsWithTheConnection() throws IOException {
    upstream.does(
        (wire, request) -> {
          wire.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
          wire.writeChunk("old");
          wire.write("0\r\n\r\n");
        });
    try (Wire client = proxy.connect()) {
      client.write("GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n");
      Message answer = client.head();
      assertThat(answer.has("transfer-encoding")).isFalse();
      assertThat(answer.field("connection")).isEqualTo("close");
      assertThat(client.readText(answer)).isEqualTo("old");
    }
  }

  @Test
  void oldClientMayKeepTheConnectionWhenTheLengthIsKnown() throws IOException {
    try (Wire client = proxy.connect()) {
      for (int i = 0; i < 2; i++) {
        client.write("GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n");
        Message answer = client.head();
        assertThat(answer.field("connection")).isEqualToIgnoringCase("keep-alive");
        assertThat(client.readText(answer)).isEqualTo("read 0");
      }
    }
  }

  @Test
  void clientThatExpectsContinueIsToldToGoOn() throws IOException {
    try (Wire client = proxy.connect()) {
      client.write(
          "POST /p HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
      assertThat(client.head().status()).isEqualTo(100);
      client.write("hello");
      assertThat(client.readText(client.head())).isEqualTo("read 5");
      assertThat(upstream.onlyRequest().has("expect")).isFalse();
    }
  }

  @Test
  void earlyHintsPassAndOtherInterimAnswersDoNot() throws IOException {
    upstream.does(
        (wire, request) -> {
          wire.write("HTTP/1.1 100 Continue\r\n\r\n");
          wire.write("HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nX-Other: 1\r\n\r\n");
          UpstreamServer.ok(wire, request);
        });
    try (Wire client = proxy.connect()) {
      Message hints = get(client, "");
      assertThat(hints.status()).isEqualTo(103);
      assertThat(hints.fields()).containsExactly("link: </a>; rel=preload");
      assertThat(client.readText(client.head())).isEqualTo("read 0");
    }
  }

  /** Events must arrive one by one: nothing may wait for more. */
  @Test
  void serverSentEventsAreNotHeldBack() throws IOException {
    upstream.does(
        (wire, request) -> {
          wire.send(
              "HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked");
          while (wire.in().read() == '+') { // the client asks for each through a second channel
            wire.writeChunk("data: x\n\n");
          }
        });
    try (Wire client = proxy.connect()) {
      client.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n");
      Message answer = client.head(); // comes before any event and before the body is sent
      assertThat(answer.field("content-type")).isEqualTo("text/event-stream");
      for (int i = 0; i < 3; i++) {
        client.write("+");
        assertThat(client.readChunk()).asString().isEqualTo("data: x\n\n");
      }
    }
  }

  @Test
  void answerWithoutDateGetsOne() throws IOException {
    try (Wire client = proxy.connect()) {
      assertThat(get(client, "").field("date")).endsWith("GMT");
    }
  }
}
