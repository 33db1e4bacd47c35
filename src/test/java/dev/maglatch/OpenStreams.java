// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.proxy.RawConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/** One stream of each sort through one gateway, opened with one credential. */
final class OpenStreams implements AutoCloseable {
  private static final long TALKS = 10; // seconds

  private final int port;
  private final String bearer;
  private final List<RawConnection> connections = new ArrayList<>();
  private final List<WebSocket> sockets = new ArrayList<>();
  private final List<CompletableFuture<String>> ends = new ArrayList<>();
  private volatile boolean closed;

  /** Opens them, and returns once bytes pass through each. */
  static OpenStreams through(TestGateway gateway, String token) {
    OpenStreams streams = new OpenStreams(gateway.gateway.httpPort(), token);
    streams.openWebSocket("/ws");
    streams.openWebSocket("/silent-ws");
    streams.openDownload("/events");
    streams.openDownload("/download");
    streams.openUpload();
    return streams;
  }

  private OpenStreams(int port, String token) {
    this.port = port;
    this.bearer = "Bearer " + token;
  }

  /**
   * Returns how each stream ended, in order: two WebSockets by their close codes, two answers by
   * how they broke off, and the status that the upload was answered with. Fails if one goes on for
   * longer than {@code bound}.
   */
  List<String> awaitEnds(Duration bound) {
    CompletableFuture.allOf(ends.toArray(CompletableFuture[]::new))
        .orTimeout(bound.toMillis(), TimeUnit.MILLISECONDS)
        .join();
    return ends.stream().map(CompletableFuture::join).toList();
  }

  /** Returns the status that the upload was answered with. */
  String awaitUploadsEnd(Duration bound) {
    return upload().orTimeout(bound.toMillis(), TimeUnit.MILLISECONDS).join();
  }

  /** Whether all but the upload go on. */
  boolean answersOpen() {
    return ends.stream().allMatch(end -> end == upload() || !end.isDone());
  }

  private CompletableFuture<String> upload() {
    return ends.get(ends.size() - 1);
  }

  /** Whether not one of them has ended. */
  boolean allOpen() {
    return ends.stream().noneMatch(CompletableFuture::isDone);
  }

  private void openWebSocket(String path) {
    Listener listener = new Listener();
    WebSocket socket =
        HttpClient.newHttpClient()
            .newWebSocketBuilder()
            .header("Authorization", bearer)
            .buildAsync(URI.create("ws://127.0.0.1:" + port + path), listener)
            .orTimeout(TALKS, TimeUnit.SECONDS)
            .join();
    sockets.add(socket);
    listener.firstWord.orTimeout(TALKS, TimeUnit.SECONDS).join();
    ends.add(listener.end);
  }

  private void openDownload(String path) {
    RawConnection connection = connect("GET " + path + " HTTP/1.1", "");
    connection.readUntil("data: x");
    ends.add(
        CompletableFuture.supplyAsync(
            () -> {
              String rest = connection.readToEnd();
              return rest.endsWith("0\r\n\r\n") ? "complete" : "broken off";
            },
            OpenStreams::start));
  }

  private void openUpload() {
    RawConnection connection =
        connect("POST /upload HTTP/1.1", "Transfer-Encoding: chunked\r\n").send("1\r\nx\r\n");
    start(
        () -> {
          try {
            while (!closed) {
              connection.send("1\r\nx\r\n");
              TimeUnit.MILLISECONDS.sleep(20); // a slow client
            }
          } catch (IllegalStateException | InterruptedException over) {
            // the gateway has ended it
          }
        });
    ends.add(
        CompletableFuture.supplyAsync(() -> "" + connection.read().status(), OpenStreams::start));
  }

  private RawConnection connect(String line, String fields) {
    RawConnection connection = new RawConnection(port);
    connections.add(connection);
    return connection.send(
        line + "\r\nHost: h\r\nAuthorization: " + bearer + "\r\n" + fields + "\r\n");
  }

  private static void start(Runnable task) {
    Thread thread = new Thread(task, "open-stream");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() {
    closed = true;
    connections.forEach(RawConnection::close);
    sockets.forEach(WebSocket::abort);
  }

  /** Notes the first word and how it ended. */
  private static final class Listener implements WebSocket.Listener {
    private final CompletableFuture<Void> firstWord = new CompletableFuture<>();
    private final CompletableFuture<String> end = new CompletableFuture<>();

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
      assertThat(data.toString()).matches("hello|x+");
      firstWord.complete(null);
      socket.request(1);
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
      end.complete(code + " " + reason);
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public void onError(WebSocket socket, Throwable failure) {
      end.complete("error " + failure);
    }
  }
}
