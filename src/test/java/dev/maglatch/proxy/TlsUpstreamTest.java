// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.maglatch.proxy.UpstreamGroup.Balance;
import dev.maglatch.proxy.UpstreamGroup.Link;
import dev.maglatch.proxy.UpstreamGroup.Protocol;
import dev.maglatch.proxy.UpstreamGroup.Target;
import dev.maglatch.settings.Settings;
import io.vertx.core.Vertx;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.SelfSignedCertificate;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Upstreams behind TLS: those that must not be believed, and how to know the others. */
class TlsUpstreamTest {
  private static final SelfSignedCertificate SERVER = SelfSignedCertificate.create("localhost");
  private static final SelfSignedCertificate OTHER =
      SelfSignedCertificate.create("orders.internal");

  private final Vertx vertx = Vertx.vertx();

  @TempDir Path folder;

  @AfterEach
  void close() {
    RunningProxy.await(vertx.close());
  }

  @AfterAll
  static void deleteCertificates() {
    SERVER.delete();
    OTHER.delete();
  }

  @Test
  void certificateThatNobodyVouchesForIs502() throws IOException {
    int port = listen(SERVER, null);
    assertThat(statusThrough("https://localhost:" + port, UpstreamTls.DEFAULT)).isEqualTo(502);
  }

  @Test
  void handshakeThatIsNeverAnsweredIs504() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      String url = "https://127.0.0.1:" + silent.getLocalPort();
      assertThat(statusThrough(url, UpstreamTls.DEFAULT)).isEqualTo(504);
    }
  }

  @Test
  void certificateOfANamedAuthorityIsBelieved() throws IOException {
    int port = listen(SERVER, null);
    assertThat(statusThrough("https://localhost:" + port, trusting(SERVER, ""))).isEqualTo(200);
  }

  @Test
  void certificateOfAnotherAuthorityIs502() throws IOException {
    int port = listen(SERVER, null);
    assertThat(statusThrough("https://localhost:" + port, trusting(OTHER, ""))).isEqualTo(502);
  }

  /** Who vouches for a certificate vouches for its name alone. */
  @Test
  void certificateMustCarryTheName() throws IOException {
    int port = listen(OTHER, null);
    String url = "https://localhost:" + port;
    assertThat(statusThrough(url, trusting(OTHER, ""))).isEqualTo(502);
    String serverName = "server-name: orders.internal";
    assertThat(statusThrough(url, trusting(OTHER, serverName))).isEqualTo(200);
  }

  @Test
  void serverThatAsksGetsTheCertificateOfTheGateway() throws IOException {
    int port = listen(SERVER, OTHER);
    String url = "https://localhost:" + port;
    String own =
        "certificate: %s\n      key: %s".formatted(OTHER.certificatePath(), OTHER.privateKeyPath());
    assertThat(statusThrough(url, trusting(SERVER, own))).isEqualTo(200);
    assertThat(statusThrough(url, trusting(SERVER, ""))).isEqualTo(502);
  }

  /** Anybody on the way can close a connection; only the server itself can say that it did. */
  @Test
  void bodyThatEndsWithoutCloseNotifyIsCutOff() throws Exception {
    for (boolean properly : List.of(true, false)) {
      try (ServerSocket listening = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
        Thread answering = new Thread(() -> answerAndClose(listening, properly));
        answering.start();
        try (RunningProxy proxy =
                proxy("https://localhost:" + listening.getLocalPort(), trusting(SERVER, ""));
            Wire client = proxy.connect()) {
          client.send("GET / HTTP/1.1", "Host: h");
          Message answer = client.head();
          assertThat(answer.status()).isEqualTo(200);
          if (properly) {
            assertThat(client.readText(answer)).isEqualTo("the beginning");
          } else {
            assertThatThrownBy(() -> client.readText(answer)).isInstanceOf(IOException.class);
          }
        }
        answering.join(10_000);
      }
    }
  }

  @Test
  void whatCannotBeUsedIsAProblem() throws IOException {
    Path nonsense = Files.writeString(folder.resolve("nonsense.pem"), "nonsense");
    assertThat(problems("ca: " + nonsense)).contains("tls.ca: ", "certificates in PEM");
    assertThat(problems("ca: /nowhere.pem")).contains("tls.ca: /nowhere.pem (expected: a readable");
    assertThat(problems("certificate: " + SERVER.certificatePath()))
        .contains("tls.key: missing (expected: set, since the other one is");
    assertThat(
            problems(
                "certificate: "
                    + SERVER.certificatePath()
                    + "\n      key: "
                    + OTHER.privateKeyPath()))
        .contains("tls.key: ", "the private key to tls.certificate");
    assertThat(problems("server-name: 'a:1'")).contains("tls.server-name: a:1 (expected: a host");
  }

  private void answerAndClose(ServerSocket listening, boolean properly) {
    try (Socket plain = listening.accept();
        SSLSocket socket =
            (SSLSocket)
                context().getSocketFactory().createSocket(plain, "localhost", 0, properly)) {
      socket.setUseClientMode(false);
      new Wire(socket).readHead();
      socket.getOutputStream().write(UpstreamServer.bytes("HTTP/1.1 200 OK\r\n\r\nthe beginning"));
      socket.getOutputStream().flush();
      if (!properly) {
        plain.shutdownOutput(); // a FIN, and no word of TLS can follow
      }
    } catch (Exception failed) {
      if (properly) {
        throw new IllegalStateException(failed);
      }
    }
  }

  private SSLContext context() throws Exception {
    KeyManagerFactory keys = SERVER.keyCertOptions().getKeyManagerFactory(vertx);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    return context;
  }

  private int listen(SelfSignedCertificate own, @Nullable SelfSignedCertificate clients) {
    HttpServerOptions options =
        new HttpServerOptions().setSsl(true).setKeyCertOptions(own.keyCertOptions());
    if (clients != null) {
      options.setClientAuth(ClientAuth.REQUIRED).setTrustOptions(clients.trustOptions());
    }
    HttpServer listening =
        vertx.createHttpServer(options).requestHandler(request -> request.response().end("ok"));
    return RunningProxy.await(listening.listen(0, "127.0.0.1")).actualPort();
  }

  private UpstreamTls trusting(SelfSignedCertificate authority, String more) throws IOException {
    Settings settings = tls("ca: " + authority.certificatePath() + "\n      " + more);
    UpstreamTls tls = UpstreamTls.read(settings.root().section("tls"));
    assertThat(settings.problems().lines()).isEmpty();
    return tls;
  }

  private String problems(String lines) throws IOException {
    Settings settings = tls(lines);
    UpstreamTls.read(settings.root().section("tls"));
    return String.join("\n", settings.problems().lines());
  }

  private Settings tls(String lines) throws IOException {
    Path file = Files.writeString(folder.resolve("tls.yaml"), "tls:\n      " + lines + "\n");
    return Settings.load(file, Map.of(), Map.of());
  }

  private static int statusThrough(String url, UpstreamTls tls) throws IOException {
    try (RunningProxy proxy = proxy(url, tls);
        Wire client = proxy.connect()) {
      client.send("GET / HTTP/1.1", "Host: h");
      return client.head().status();
    }
  }

  private static RunningProxy proxy(String url, UpstreamTls tls) {
    Target target = new Target(requireNonNull(Upstream.parse(url)), 1);
    Link link = new Link(Protocol.HTTP1, Duration.ofMillis(1_500), tls);
    UpstreamGroup group =
        new UpstreamGroup("tls", List.of(target), Balance.LEAST_REQUESTS, link, null);
    Route route = Route.catchAll(group, Route.Timeouts.DEFAULT, Route.UNLIMITED);
    return new RunningProxy(RunningProxy.with(route, Auth.NONE, Set.of()));
  }
}
