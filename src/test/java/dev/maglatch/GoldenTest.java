// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.HttpExchange.Answer;
import dev.maglatch.postgres.TestDatabase;
import io.vertx.core.Vertx;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Replays the requests of {@code src/test/resources/golden} against a whole gateway over sockets
 * and compares its answers, byte for byte but for ids, times and tokens.
 *
 * <p>{@code -Dgolden.record=true} writes the answers instead. A new file needs its request alone;
 * its name ends in the status that it must get.
 */
class GoldenTest {
  private static final Path FILES = Path.of("src/test/resources/golden");
  private static final boolean RECORD = Boolean.getBoolean("golden.record");
  private static final int TIMEOUT_MILLIS = 40_000;
  private static final int TRIES = 20;
  private static final int REQUEST_TIMEOUT = 408;

  /** 500 is a defect and 503 a database that is away: no client can cause them. */
  private static final String NOT_BY_A_CLIENT = ".* (500|503)";

  private static final Set<String> NOT_SHOWN =
      Set.of("connection", "content-length", "date", "transfer-encoding");

  /** Expressions in the order in which they are tried, and what is shown instead. */
  private static final Map<String, String> FORMS = forms();

  private static TestDatabase database;
  private static EchoUpstream upstream;
  private static TestGateway gateway;
  private static Vertx vertx;
  private static Management management;

  @BeforeAll
  static void start() {
    database = TestDatabase.create();
    upstream = new EchoUpstream();
    gateway =
        TestGateway.begin(
                database.address(),
                upstream.url(),
                Map.of(
                    "MAGLATCH_HTTP_DOCS", "true",
                    "MAGLATCH_EVENTS_TOKEN", GoldenWorld.EVENTS_TOKEN,
                    "MAGLATCH_SESSIONS_SIGNUP", "true",
                    "MAGLATCH_TOKENS_ACCEPT_UNCHECKED", "true",
                    "MAGLATCH_PROXY_TRUSTED_CIDRS", "127.0.0.0/8",
                    "MAGLATCH_SESSIONS_THROTTLE_PER_ACCOUNT", "2",
                    "MAGLATCH_SESSIONS_THROTTLE_PER_ADDRESS", "8"))
            .awaitReady();
    vertx = Vertx.vertx();
    management = Management.open(vertx, gateway.config());
  }

  @AfterAll
  static void stop() {
    Await.result(management.close());
    Await.result(vertx.close());
    gateway.close();
    upstream.close();
    database.close();
  }

  /** Requests whose body never ends take the gateway's 20 s: they are all sent at once, first. */
  @Test
  void answersAreAsRecorded() throws InterruptedException, ExecutionException {
    List<GoldenFile> files = files();
    List<String> differences = new ArrayList<>();
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      List<Future<List<String>>> slow =
          files.stream()
              .filter(file -> file.status() == REQUEST_TIMEOUT)
              .map(file -> threads.submit(() -> replay(file)))
              .toList();
      files.stream()
          .filter(file -> file.status() != REQUEST_TIMEOUT)
          .forEach(file -> differences.addAll(replay(file)));
      for (Future<List<String>> one : slow) {
        differences.addAll(one.get());
      }
    } finally {
      threads.shutdownNow();
    }

    assertThat(differences).isEmpty();
    assertThat(files).hasSizeGreaterThan(150);
  }

  @Test
  void everyDocumentedAnswerHasAFile() {
    DocumentedTraffic open = DocumentedTraffic.ofPublicListener();
    DocumentedTraffic ops = DocumentedTraffic.ofOpsListener();
    for (GoldenFile file : files()) {
      String[] words = GoldenFile.NAME.matcher(file.request()).replaceAll("x").split("[ \n]", 3);
      Answer answer = new Answer(file.status(), Map.of(), "");
      traffic(file, open, ops)
          .problems(new HttpExchange(words[0], words[1], Map.of(), null, answer));
    }
    Set<String> missing = open.documented();
    missing.addAll(ops.documented());
    missing.removeAll(open.seen());
    missing.removeAll(ops.seen());
    missing.removeIf(answer -> answer.matches(NOT_BY_A_CLIENT));

    assertThat(missing).isEmpty();
  }

  private static DocumentedTraffic traffic(
      GoldenFile file, DocumentedTraffic open, DocumentedTraffic ops) {
    return file.dialect().equals("ops") ? ops : open;
  }

  /** Returns what is wrong with the answer: nothing, or one text. */
  private static List<String> replay(GoldenFile file) {
    GoldenWorld world = new GoldenWorld(gateway, management);
    HttpExchange exchange = exchange(file, file.message(world));
    for (int i = 0; i < TRIES && isLate(file, exchange); i++) {
      world.guess();
      exchange = exchange(file, file.message(world));
    }
    Answer answer = exchange.answer();
    if (answer == null || answer.status() != file.status()) {
      return List.of(file.path() + ": got " + answer);
    }
    List<String> problems =
        traffic(file, DocumentedTraffic.ofPublicListener(), DocumentedTraffic.ofOpsListener())
            .problems(exchange);
    String shown = shown(answer, world);
    if (RECORD) {
      file.write(shown);
    } else if (!shown.equals(file.answer())) {
      return List.of(file.path() + ":\n" + file.answer() + "\n--- but got\n" + shown);
    }
    return problems;
  }

  /** The budget for guessed tokens is one of a second, which may be over before the request. */
  private static boolean isLate(GoldenFile file, HttpExchange exchange) {
    return file.request().contains("{{guessing address}}")
        && exchange.answer() != null
        && exchange.answer().status() != file.status();
  }

  private static HttpExchange exchange(GoldenFile file, String message) {
    int port =
        file.dialect().equals("ops") ? gateway.gateway.opsPort() : gateway.gateway.httpPort();
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(TIMEOUT_MILLIS);
      byte[] sent = message.getBytes(UTF_8);
      socket.getOutputStream().write(sent);
      socket.getOutputStream().flush();
      byte[] answered = socket.getInputStream().readAllBytes();
      List<HttpExchange> all = HttpBytes.exchanges(sent, answered);
      assertThat(all).as(file.path() + "\n" + new String(answered, ISO_8859_1)).isNotEmpty();
      return all.get(0);
    } catch (IOException failed) {
      throw new UncheckedIOException(file.path().toString(), failed);
    }
  }

  private static String shown(Answer answer, GoldenWorld world) {
    StringBuilder text = new StringBuilder("HTTP/1.1 " + answer.status() + "\n");
    answer
        .headers()
        .forEach(
            (name, values) -> {
              if (!NOT_SHOWN.contains(name.toLowerCase(Locale.ROOT))) {
                values.forEach(value -> text.append(name).append(": ").append(value).append('\n'));
              }
            });
    if (!answer.body().isEmpty()) {
      text.append('\n').append(body(answer));
    }
    String shown = world.named(text.toString());
    for (Map.Entry<String, String> form : FORMS.entrySet()) {
      shown = shown.replaceAll(form.getKey(), form.getValue());
    }
    return shown.strip();
  }

  private static String body(Answer answer) {
    String type = String.valueOf(answer.header("Content-Type"));
    return type.startsWith("application/json")
        ? Json.encodePrettily(new JsonObject(answer.body()))
        : "<" + type.split(";", 2)[0] + ">";
  }

  private static Map<String, String> forms() {
    String day = "20\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d";
    Map<String, String> forms = new LinkedHashMap<>();
    forms.put("eyJ[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+", "<jwt>");
    forms.put("mgp_[0-9a-f]{40}", "<mgp token>");
    forms.put("mgp_[0-9a-f]{4}(\\\\?\")", "<mgp prefix>$1");
    forms.put("mp_[A-Za-z0-9_-]{43}", "<mp token>");
    forms.put("mp_[A-Za-z0-9_-]{6}\"", "<mp prefix>\"");
    forms.put("whsec_[0-9a-f]{64}", "<webhook secret>");
    forms.put("maglatch_session=[A-Za-z0-9_-]{43}", "maglatch_session=<cookie>");
    forms.put("\"[A-Za-z0-9_-]{64}\"", "\"<refresh token>\"");
    forms.put("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>");
    forms.put("rec[A-Za-z0-9]{14}", "<record id>");
    forms.put("(own|member|other|new)\\d+@", "$1@");
    forms.put(day + "(\\.\\d{1,6})?\\+00:00", "<postgres time>");
    forms.put(day + "(\\.\\d{1,9})?Z", "<time>");
    forms.put("\"expires_at\" : \\d+", "\"expires_at\" : <unix time>");
    forms.put("\"id\" : \\d+", "\"id\" : <number>");
    forms.put("(?m)^retry-after: \\d+$", "retry-after: <seconds>");
    forms.put("(?m)^Retry-After: \\d+$", "Retry-After: <seconds>");
    forms.put("\"198\\.51\\.\\d+\\.\\d+\"", "\"<address>\"");
    forms.put("; ms=\\d+", "; ms=<number>");
    forms.put("\"durationMs\" : \\d+", "\"durationMs\" : <number>");
    forms.put("(?mi)^(etag): \"[^\"]+\"$", "$1: <etag>");
    forms.put("(?i)expires=[A-Z][a-z]{2}, [^;]+GMT", "Expires=<time>");
    return forms;
  }

  private static List<GoldenFile> files() {
    try (Stream<Path> all = Files.walk(FILES)) {
      return all.filter(path -> path.toString().endsWith(".http"))
          .sorted()
          .map(GoldenFile::read)
          .toList();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
