// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.maglatch.fault.Fault;
import dev.maglatch.key.KeyKind;
import dev.maglatch.key.Principal;
import dev.maglatch.settings.Settings;
import dev.maglatch.testing.Ports;
import dev.maglatch.verify.Verdict;
import io.vertx.core.Future;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Real proxies, configured as src/docs/forward-auth.md says, that ask the gateway. */
class ForwardAuthIT {
  private static final Path DOC = Path.of("src/docs/forward-auth.md");
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String TOKEN = "mgp_" + "0".repeat(40);
  private static final String BEARER = "Authorization: Bearer " + TOKEN;
  private static final String HOST = "Host: 127.0.0.1";
  private static final String ROUTES =
      """
      [{path: /mcp, scopes: ["mcp:v1"], upstream: "%1$s"}, {path: /open, auth: none, upstream: "%1$s"},
       {path: /, upstream: "%1$s"}]
      """;
  private static final String NGINX_AROUND =
      """
      daemon off;
      master_process off;
      pid %1$s/pid;
      events { worker_connections 64; }
      http {
        access_log off;
        client_body_temp_path %1$s/body;
        proxy_temp_path %1$s/proxy;
        fastcgi_temp_path %1$s/fastcgi;
        uwsgi_temp_path %1$s/uwsgi;
        scgi_temp_path %1$s/scgi;
        %2$s
      }
      """;

  @TempDir private Path folder;
  private final UpstreamServer app = new UpstreamServer();
  private final RunningProxy gateway = new RunningProxy(routes());
  private @Nullable Process front;
  private int port;

  private enum Front {
    NGINX,
    CADDY;

    String command() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private ProxyConfig routes() {
    String routes = ROUTES.formatted("http://127.0.0.1:1");
    return ProxyConfig.read(
        Settings.load(null, Map.of(), Map.of("proxy.routes", routes)).root().section("proxy"),
        Duration.ZERO);
  }

  @AfterEach
  void stop() {
    if (front != null) {
      front.destroyForcibly().onExit().join();
    }
    gateway.close();
    app.close();
  }

  @ParameterizedTest
  @EnumSource
  void goodKeyPassesWithItsIdentityAndNoOther(Front kind) throws IOException {
    start(kind);
    allow(KeyKind.MGP);

    int status =
        status(
            "POST /orders?x=1 HTTP/1.1",
            HOST,
            BEARER,
            "Content-Length: 0",
            "X-Maglatch-Key-Id: forged",
            "X-Maglatch-Scopes: forged",
            "X-Maglatch-Service-Account-Id: forged",
            "X-Maglatch-Permissions: forged");

    assertThat(status).isEqualTo(200);
    Message arrived = app.onlyRequest();
    assertThat(arrived.startLine()).startsWith("POST /orders?x=1 ");
    assertThat(arrived.field("X-Maglatch-Key-Id")).isEqualTo(RunningProxy.KEY.toString());
    assertThat(arrived.field("X-Maglatch-Auth-Method")).isEqualTo("api-key");
    assertThat(arrived.fields()).noneMatch(field -> field.contains("forged"));
    assertThat(arrived.has("Authorization")).isFalse();
    assertThat(gateway.used).containsExactly(RunningProxy.KEY);
  }

  @ParameterizedTest
  @EnumSource
  void bodyGoesToTheAppAlone(Front kind) throws IOException {
    start(kind);
    allow(KeyKind.MGP);
    try (Wire client = Wire.to(port)) {
      client.write(
          "POST / HTTP/1.1\r\n" + HOST + "\r\n" + BEARER + "\r\nContent-Length: 5\r\n\r\nhello");
      Message head = client.head();

      assertThat(head.status()).isEqualTo(200);
      assertThat(client.readText(head)).isEqualTo("read 5");
    }
  }

  @ParameterizedTest
  @EnumSource
  void refusalsReachTheClientAndNothingReachesTheApp(Front kind) throws IOException {
    start(kind);
    Message missing = head("GET / HTTP/1.1", HOST);
    assertThat(missing.status()).isEqualTo(401);
    assertThat(missing.field("WWW-Authenticate")).isEqualTo("Bearer realm=\"maglatch\"");
    gateway.credentials.at(TOKEN, Verdict.REVOKED);
    Message revoked = head("GET / HTTP/1.1", HOST, BEARER);
    assertThat(revoked.status()).isEqualTo(401);
    assertThat(revoked.field("WWW-Authenticate")).contains("invalid_token");
    gateway.credentials.at(TOKEN, Verdict.LIMITED);
    Message limited = head("GET / HTTP/1.1", HOST, BEARER);
    assertThat(limited.status()).isEqualTo(429);
    assertThat(limited.field("Retry-After")).isNotBlank();
    Fault lost = Fault.of(Fault.Code.STORE_UNAVAILABLE, "test", null);
    gateway.credentials.later(TOKEN, Future.failedFuture(lost));
    Message undecided = head("GET / HTTP/1.1", HOST, BEARER);
    assertThat(undecided.status()).isEqualTo(503);
    assertThat(undecided.field("Retry-After")).isNotBlank();
    assertThat(app.received()).isEmpty();
  }

  /** What a client writes about its own request does not make more of its key. */
  @ParameterizedTest
  @EnumSource
  void originalMethodAndPathAreTheProxysToSay(Front kind) throws IOException {
    start(kind);
    allow(KeyKind.ORG, Principal.SCOPE_READ);
    String[] forged = {
      "X-Forwarded-Method: GET",
      "X-Original-Method: GET",
      "X-Forwarded-Uri: /open",
      "X-Original-URI: /open",
      "Content-Length: 0"
    };
    assertThat(status("GET /orders HTTP/1.1", HOST, BEARER)).isEqualTo(200);
    assertThat(status("POST /orders HTTP/1.1", with(BEARER, forged))).isEqualTo(403);
    assertThat(status("GET /mcp HTTP/1.1", with(BEARER, forged))).isEqualTo(403);
    assertThat(status("GET /orders HTTP/1.1", with("Accept: */*", forged))).isEqualTo(401);
    assertThat(status("GET /open HTTP/1.1", HOST)).isEqualTo(401);
    assertThat(app.received()).hasSize(1);
  }

  private static String[] with(String credential, String... more) {
    return Stream.concat(Stream.of(HOST, credential), Stream.of(more)).toArray(String[]::new);
  }

  private void allow(KeyKind kind, String... scopes) {
    gateway.credentials.at(TOKEN, Verdict.allowed(RunningProxy.principal(kind, scopes)));
  }

  private int status(String start, String... fields) throws IOException {
    return head(Stream.concat(Stream.of(start), Stream.of(fields)).toArray(String[]::new)).status();
  }

  private Message head(String... lines) throws IOException {
    try (Wire client = Wire.to(port)) {
      client.send(lines);
      return client.head();
    }
  }

  private void start(Front kind) throws IOException {
    String program = installed(kind);
    assumeTrue(
        program != null, "needs " + kind.command() + " (apt-get install " + kind.command() + ")");
    port = Ports.free();
    ProcessBuilder builder =
        switch (kind) {
          case NGINX -> nginx(String.valueOf(program));
          case CADDY -> caddy(String.valueOf(program));
        };
    builder.environment().put("HOME", folder.toString());
    builder.environment().put("XDG_CONFIG_HOME", folder.toString());
    builder.environment().put("XDG_DATA_HOME", folder.toString());
    Path log = folder.resolve("log.txt");
    Process started = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    front = started;
    await().atMost(PATIENCE).until(() -> accepts(port) || !started.isAlive());
    assertThat(started.isAlive()).as(Files.readString(log)).isTrue();
  }

  private ProcessBuilder nginx(String program) throws IOException {
    String servers =
        snippet("nginx")
            .replace("listen 80;", "listen 127.0.0.1:" + port + ";")
            .replace("server maglatch:8080", "server 127.0.0.1:" + gateway.port())
            .replace("http://app:3000", "http://127.0.0.1:" + app.port());
    Path file = folder.resolve("nginx.conf");
    Files.writeString(file, NGINX_AROUND.formatted(folder, servers));
    return new ProcessBuilder(
        program, "-e", "stderr", "-p", folder.toString(), "-c", file.toString());
  }

  private ProcessBuilder caddy(String program) throws IOException {
    String site =
        snippet("caddyfile")
            .replace(":80 {", "http://127.0.0.1:" + port + " {")
            .replace("maglatch:8080", "127.0.0.1:" + gateway.port())
            .replace("app:3000", "127.0.0.1:" + app.port());
    Path file = folder.resolve("Caddyfile");
    Files.writeString(file, "{\n\tadmin off\n\tdefault_bind 127.0.0.1\n}\n" + site);
    return new ProcessBuilder(
        program, "run", "--config", file.toString(), "--adapter", "caddyfile");
  }

  /** Returns the only block of that language in the documentation. */
  private static String snippet(String language) throws IOException {
    List<String> parts = List.of(Files.readString(DOC, UTF_8).split("```" + language + "\n", -1));
    assertThat(parts).hasSize(2);
    return parts.get(1).substring(0, parts.get(1).indexOf("```"));
  }

  /** Returns where a proxy is installed, also where PATH does not lead; null if it is not. */
  private static @Nullable String installed(Front kind) {
    return Stream.of("/usr/sbin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")
        .map(bin -> Path.of(bin, kind.command()))
        .filter(Files::isExecutable)
        .map(Path::toString)
        .findFirst()
        .orElse(null);
  }

  private static boolean accepts(int port) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException refused) {
      return false;
    }
  }
}
