// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.maglatch.Await;
import dev.maglatch.secret.Sealer;
import dev.maglatch.secret.Secret;
import dev.maglatch.secret.SecretRing.SecretKeyBytes;
import dev.maglatch.testing.HookReceiver;
import dev.maglatch.webhook.Attempt.Kind;
import dev.maglatch.webhook.DeliveryQueue.Claimed;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.net.NetServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Attempts over real sockets, with a resolver that says what the test wants. */
class HttpCourierTest {
  private static final UUID KEY = UUID.randomUUID();
  private static final Secret SECRET = new Secret("whsec_" + "ab".repeat(32));
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Sealer sealer =
      new Sealer(new SecureRandom(), List.of(new SecretKeyBytes(new byte[32])));
  private final Deque<List<InetAddress>> answers = new ArrayDeque<>();
  private final List<String> asked = new ArrayList<>();
  private Vertx vertx;
  private HookReceiver receiver;

  @TempDir Path folder;

  @BeforeEach
  void start() {
    vertx = Vertx.vertx();
    receiver = new HookReceiver(HookReceiver.GOOD);
  }

  @AfterEach
  void stop() {
    receiver.close();
    Await.result(vertx.close());
  }

  /** A name that is public when it is looked at and inner when it is used gets nothing. */
  @Test
  void nameThatTurnsInwardsGetsNoConnection() {
    InetAddress allowed = address("127.0.0.2"); // stands for a public one; nobody listens there
    HttpCourier courier = courier(config(true, List.of("127.0.0.2"), null));
    answers.add(List.of(allowed));
    answers.add(List.of(LOOPBACK));
    answers.add(List.of(allowed, LOOPBACK));
    answers.add(List.of(LOOPBACK, allowed));
    answers.add(List.of(address("::ffff:127.0.0.1")));
    answers.add(List.of());
    String url = "http://rebind.example:" + receiver.port() + "/in";

    for (int i = answers.size(); i > 0; i--) {
      Attempt attempt = attempt(courier, url);
      assertThat(attempt.kind()).isEqualTo(Kind.UNREACHABLE);
      if (i < 6) {
        assertThat(attempt.failure()).isEqualTo("the name has no public address");
      }
    }

    assertThat(asked).as("once for each attempt").hasSize(6).containsOnly("rebind.example");
    assertThat(receiver.connections).hasValue(0);
  }

  /** What the resolver says is used, and nothing is resolved a second time. */
  @Test
  void connectionGoesToTheAddressThatWasChecked() {
    HttpCourier courier = courier(config(true, List.of("127.0.0.0/8"), null));
    answers.add(List.of(LOOPBACK));
    answers.add(List.of(address("127.0.0.2"), LOOPBACK)); // nobody listens at the first

    String url = "http://Hooks.Example.:" + receiver.port() + "/in?x=1#y";
    assertThat(attempt(courier, url).status()).isEqualTo(200);
    assertThat(attempt(courier, url).status()).isEqualTo(200);

    HookReceiver.Hook hook = receiver.hooks.get(0);
    assertThat(hook.target()).isEqualTo("/in?x=1");
    assertThat(hook.header("host")).isEqualTo("hooks.example:" + receiver.port());
    assertThat(hook.headers()).doesNotContainKeys("accept-encoding", "authorization", "cookie");
    assertThat(asked).containsExactly("hooks.example", "hooks.example");
  }

  @Test
  void urlThatIsNotAllowedAnyMoreIsForbidden() {
    HttpCourier courier = courier(config(false, List.of(), null));

    assertThat(attempt(courier, receiver.url()).kind()).isEqualTo(Kind.FORBIDDEN);
    assertThat(attempt(courier, "http://example.com/").kind()).isEqualTo(Kind.FORBIDDEN);
    Attempt local = attempt(courier, "https://localhost:" + receiver.port() + "/");
    assertThat(local.kind()).isEqualTo(Kind.UNREACHABLE);
    assertThat(asked).isEmpty();
    assertThat(receiver.connections).hasValue(0);
  }

  /** The certificate and the server's name are those of the URL, though an address is dialled. */
  @Test
  void tlsIsOfTheNameAndNotOfTheAddress() throws Exception {
    Path keys = folder.resolve("keys.p12");
    Path certificate = folder.resolve("ca.pem");
    certificate(keys, certificate);
    List<String> names = new ArrayList<>();
    try (HookReceiver secure =
        new HookReceiver(
            (hook, socket) -> {
              names.add(serverName((SSLSocket) socket));
              return HookReceiver.GOOD.answer(hook, socket);
            },
            tls(keys))) {
      HttpCourier courier = courier(config(false, List.of("127.0.0.0/8"), certificate));
      for (int i = 0; i < 3; i++) {
        answers.add(List.of(LOOPBACK));
      }

      assertThat(attempt(courier, "https://hooks.example:" + secure.port() + "/").status())
          .isEqualTo(200);
      assertThat(names).containsExactly("hooks.example");

      Attempt otherName = attempt(courier, "https://other.example:" + secure.port() + "/");
      assertThat(otherName.kind()).isEqualTo(Kind.UNREACHABLE);
      Attempt untrusted =
          attempt(
              courier(config(false, List.of("127.0.0.0/8"), null)),
              "https://hooks.example:" + secure.port() + "/");
      assertThat(untrusted.kind()).isEqualTo(Kind.UNREACHABLE);
      assertThat(secure.hooks).hasSize(1);
    }
  }

  /** A receiver that gives its answer byte by byte does not get longer than anybody else. */
  @Test
  void answerThatDripsIsCutOff() {
    WebhookConfig config =
        config(true, List.of("127.0.0.0/8"), null, Duration.ofSeconds(4)); // its head comes in time
    receiver.behave(
        (hook, socket) -> {
          socket
              .getOutputStream()
              .write("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nx".getBytes(US_ASCII));
          return true; // and never the rest
        });

    Attempt attempt = attempt(courier(config), receiver.url());

    assertThat(attempt.kind()).isEqualTo(Kind.UNREACHABLE);
    assertThat(attempt.status()).isEqualTo(200);
    assertThat(attempt.failure()).isEqualTo("no whole answer within 4000 ms");
    assertThat(attempt.millis()).isGreaterThanOrEqualTo(3_900);
  }

  @Test
  void secretThatCannotBeOpenedIsNotTheReceiversFailure() {
    HttpCourier courier = courier(config(true, List.of("127.0.0.0/8"), null));
    UUID other = UUID.randomUUID();
    Claimed sealedForAnother =
        new Claimed(
            other,
            1,
            other,
            "{}",
            0,
            receiver.url(),
            other,
            receiver.url(),
            null,
            List.of(sealer.seal(SECRET, KEY)));

    Attempt attempt = Await.result(courier.attempt(sealedForAnother));

    assertThat(attempt.kind()).isEqualTo(Kind.UNSENT);
    assertThat(attempt.failure()).isEqualTo("the webhook secret cannot be opened");
    assertThat(receiver.connections).hasValue(0);
  }

  /** A few may come before the answer; one that says nothing else would keep the loop busy. */
  @ParameterizedTest(name = "{0} of {1}")
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "100 | 100 Continue | -",
        "50 | 103 Early Hints | -",
        "101 | 100 Continue | more than 100 answers before the answer",
        "101 | 103 Early Hints | more than 100 answers before the answer",
        "1 | 102 Processing | the answer 102 is none",
      })
  void answersBeforeTheAnswerAreBounded(int count, String status, @Nullable String failure) {
    byte[] before = ("HTTP/1.1 " + status + "\r\n\r\n").repeat(count).getBytes(US_ASCII);
    receiver.behave(
        (hook, socket) -> {
          socket.getOutputStream().write(before);
          return HookReceiver.GOOD.answer(hook, socket);
        });

    Attempt attempt = attempt(courier(config(true, List.of("127.0.0.0/8"), null)), receiver.url());

    assertThat(attempt.failure()).isEqualTo(failure);
    assertThat(attempt.kind()).isEqualTo(failure == null ? Kind.ANSWERED : Kind.UNREACHABLE);
    assertThat(attempt.status()).isEqualTo(failure == null ? 200 : 0);
  }

  /** Seconds or a date, between a second and an hour; anything else is as good as nothing. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "120 | 120",
        "0 | 1",
        "999999999 | 3600",
        "Fri, 13 Feb 2009 23:32:30 GMT | 60",
        "Fri, 13 Feb 2009 23:00:00 GMT | 1",
        "Sat, 14 Feb 2009 23:31:30 GMT | 3600",
        "-1 | -",
        "9999999999 | -",
        "soon | -",
        "1.5 | -",
      })
  void retryAfterIsSecondsOrADate(String sent, @Nullable Long seconds) {
    receiver.behave(HookReceiver.answer("503 Busy", "Retry-After: " + sent + "\r\n", ""));
    InstantSource clock = InstantSource.fixed(Instant.parse("2009-02-13T23:31:30Z"));
    WebhookConfig config = config(true, List.of("127.0.0.0/8"), null);

    Attempt attempt =
        attempt(courier(vertx, config, clock, HttpCourier.CONNECT_TIMEOUT), receiver.url());

    assertThat(attempt.status()).isEqualTo(503);
    assertThat(attempt.retryAfter())
        .isEqualTo(seconds == null ? null : Duration.ofSeconds(seconds));
  }

  @Test
  void receiverMayBeAnAddressOfVersionSix() throws IOException {
    InetAddress loopback = address("::1");
    assumeTrue(NetworkInterface.getByInetAddress(loopback) != null, "there is no IPv6 here");
    try (HookReceiver there =
        new HookReceiver(HookReceiver.GOOD, new ServerSocket(0, 10, loopback))) {
      HttpCourier courier = courier(config(true, List.of("::1"), null));

      assertThat(attempt(courier, "http://[::1]:" + there.port() + "/in").status()).isEqualTo(200);

      assertThat(there.hooks.get(0).header("host")).isEqualTo("[::1]:" + there.port());
      assertThat(asked).isEmpty();
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX) // elsewhere a listener that is full does not keep silent
  void silentAddressIsNotWaitedForLong() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 1, LOOPBACK);
        Waiting full = new Waiting(silent)) {
      HttpCourier courier = courier(vertx, Duration.ofMillis(500));

      Attempt attempt = attempt(courier, "http://127.0.0.1:" + full.port() + "/");

      assertThat(attempt.kind()).isEqualTo(Kind.UNREACHABLE);
      assertThat(attempt.failure()).isEqualTo("no connection in time");
    }
  }

  /**
   * It was the gateway that was late, and not the receiver. A process that stood still wakes with
   * its timers, and so does a loop that was kept by what came in.
   */
  @Test
  @EnabledOnOs(OS.LINUX)
  void addressIsTriedAgainWhenTheLoopStoodStill() throws Exception {
    Duration connectTimeout = Duration.ofSeconds(1);
    Vertx loop = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    NetServer bell =
        Await.result(
            loop.createNetServer()
                .connectHandler(socket -> socket.handler(rung -> sleep(connectTimeout, 400)))
                .listen(0, "127.0.0.1"));
    try (ServerSocket server = new ServerSocket(0, 1, LOOPBACK);
        Waiting full = new Waiting(server);
        Socket rope = new Socket(LOOPBACK, bell.actualPort())) {
      HttpCourier courier = courier(loop, connectTimeout);
      Promise<Attempt> attempt = Promise.promise();
      Claimed delivery = delivery("http://127.0.0.1:" + full.port() + "/");
      loop.runOnContext(go -> courier.attempt(delivery).onComplete(attempt));
      await().atMost(PATIENCE).until(() -> isBeingConnectedTo(full.port()));

      rope.getOutputStream().write('!');
      try (HookReceiver late = new HookReceiver(HookReceiver.GOOD, server)) {
        assertThat(Await.result(attempt.future()).status()).isEqualTo(200);
        assertThat(late.hooks).hasSize(1);
      }
    } finally {
      Await.result(loop.close());
    }
  }

  private static void sleep(Duration duration, long moreMillis) {
    try {
      TimeUnit.MILLISECONDS.sleep(duration.toMillis() + moreMillis);
    } catch (InterruptedException ended) {
      throw new IllegalStateException(ended);
    }
  }

  /** Whether a connection to a port of this machine has been asked for and not answered. */
  private static boolean isBeingConnectedTo(int port) throws IOException {
    String asked = String.format(Locale.ROOT, ":%04X 02 ", port); // SYN_SENT
    return Files.readString(Path.of("/proc/net/tcp")).contains(asked)
        || Files.readString(Path.of("/proc/net/tcp6")).contains(asked);
  }

  /** As many connections as a listener takes before it is asked; the next one gets no answer. */
  private static final class Waiting implements AutoCloseable {
    private final ServerSocket server;
    private final List<Socket> sockets = new ArrayList<>();

    Waiting(ServerSocket server) throws IOException {
      this.server = server;
      while (add(new Socket())) {
        assertThat(sockets).hasSizeLessThan(100);
      }
    }

    private boolean add(Socket socket) throws IOException {
      sockets.add(socket);
      try {
        socket.connect(server.getLocalSocketAddress(), 300);
        return true;
      } catch (SocketTimeoutException full) {
        socket.close();
        return false;
      }
    }

    int port() {
      return server.getLocalPort();
    }

    @Override
    public void close() throws IOException {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }

  private Attempt attempt(HttpCourier courier, String url) {
    return Await.result(courier.attempt(delivery(url)));
  }

  private Claimed delivery(String url) {
    return new Claimed(
        UUID.randomUUID(),
        1,
        UUID.randomUUID(),
        "{}",
        0,
        url,
        KEY,
        url,
        null,
        List.of(sealer.seal(SECRET, KEY)));
  }

  private HttpCourier courier(WebhookConfig config) {
    return courier(vertx, config, InstantSource.system(), HttpCourier.CONNECT_TIMEOUT);
  }

  private HttpCourier courier(Vertx on, Duration connectTimeout) {
    WebhookConfig config = config(true, List.of("127.0.0.0/8"), null);
    return courier(on, config, InstantSource.system(), connectTimeout);
  }

  private HttpCourier courier(
      Vertx on, WebhookConfig config, InstantSource clock, Duration connectTimeout) {
    return new HttpCourier(on, config, this::resolve, sealer, clock, connectTimeout);
  }

  private Future<List<InetAddress>> resolve(String name) {
    asked.add(name);
    return Future.succeededFuture(answers.remove());
  }

  private static WebhookConfig config(
      boolean allowHttp, List<String> cidrs, @Nullable Path trusted) {
    return config(allowHttp, cidrs, trusted, Duration.ofSeconds(25));
  }

  private static WebhookConfig config(
      boolean allowHttp, List<String> cidrs, @Nullable Path trusted, Duration timeout) {
    return new WebhookConfig(
        allowHttp, cidrs, trusted, 8, 8, timeout, Duration.ofSeconds(60), Duration.ofDays(1));
  }

  private static InetAddress address(String literal) {
    try {
      return InetAddress.getByName(literal);
    } catch (UnknownHostException wrong) {
      throw new IllegalArgumentException(wrong);
    }
  }

  private static String serverName(SSLSocket socket) {
    return ((ExtendedSSLSession) socket.getSession())
        .getRequestedServerNames().stream()
            .map(name -> ((SNIHostName) name).getAsciiName())
            .findFirst()
            .orElse("none");
  }

  private static void certificate(Path keys, Path certificate) throws Exception {
    keytool(
        "-genkeypair -keyalg EC -alias a -storetype PKCS12 -storepass changeit -dname CN=test"
            + " -ext san=dns:hooks.example -ext bc:c -keystore "
            + keys);
    keytool(
        "-exportcert -rfc -alias a -storepass changeit -keystore "
            + keys
            + " -file "
            + certificate);
    assertThat(Files.readString(certificate)).contains("BEGIN CERTIFICATE");
  }

  private static void keytool(String arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments.split(" ", -1)));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
  }

  private static SSLServerSocket tls(Path keys) throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(keys)) {
      store.load(in, "changeit".toCharArray());
    }
    KeyManagerFactory managers = KeyManagerFactory.getInstance("PKIX");
    managers.init(store, "changeit".toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    return (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 10, LOOPBACK);
  }
}
