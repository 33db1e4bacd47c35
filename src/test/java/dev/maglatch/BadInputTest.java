// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.HttpExchange.Answer;
import dev.maglatch.postgres.TestDatabase;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Bodies, ids and methods that make no sense, sent to every own route that the OpenAPI file names:
 * a new route is asked without a line here. Each is refused with a documented error of its dialect,
 * and the connection goes on or is closed as the answer says.
 */
class BadInputTest {
  private static final String CREDENTIALS =
      "{\"email\":\"bad@example.com\",\"password\":\"correct horse battery\"}";
  private static final String SOME_ID = "00000000-0000-4000-8000-000000000000";
  private static final int TIMEOUT_MILLIS = 20_000;
  private static final Set<String> METHODS =
      Set.of("GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND");

  private static TestDatabase database;
  private static EchoUpstream upstream;
  private static TestGateway gateway;
  private static String session;
  private static String cookie;

  @BeforeAll
  static void start() {
    database = TestDatabase.create();
    upstream = new EchoUpstream();
    gateway =
        TestGateway.begin(
                database.address(),
                upstream.url(),
                Map.of(
                    "MAGLATCH_SESSIONS_SIGNUP",
                    "true",
                    "MAGLATCH_SESSIONS_THROTTLE_PER_ADDRESS",
                    "100000"))
            .awaitReady();
    session =
        new JsonObject(gateway.post("/auth/v1/signup", CREDENTIALS).body())
            .getString("access_token");
    cookie =
        gateway
            .post("/auth/v1/session", CREDENTIALS, "Content-Type", "application/json")
            .headers()
            .firstValue("Set-Cookie")
            .orElseThrow()
            .split(";", -1)[0];
  }

  @AfterAll
  static void stop() {
    gateway.close();
    upstream.close();
    database.close();
  }

  static Set<String> routesWithBody() {
    return DocumentedTraffic.ofPublicListener().routesWithBody();
  }

  static Set<String> routes() {
    Set<String> routes = new TreeSet<>();
    for (String answer : DocumentedTraffic.ofPublicListener().documented()) {
      routes.add(answer.substring(0, answer.lastIndexOf(' ')));
    }
    routes.removeIf(route -> route.contains(" /_maglatch/"));
    return routes;
  }

  /** Not one JSON object in UTF-8: refused before anybody looks at its members. */
  @ParameterizedTest
  @MethodSource("routesWithBody")
  void bodyThatIsNoObjectIsRefused(String route) {
    texts().forEach((what, body) -> refused(route, what, body));
  }

  private static Map<String, byte[]> texts() {
    Map<String, byte[]> texts = new LinkedHashMap<>();
    BiConsumer<String, String> add = (what, text) -> texts.put(what, text.getBytes(ISO_8859_1));
    add.accept("cut off", "{\"name\":");
    add.accept("trailing comma", "{\"name\":\"x\",}");
    add.accept("single quotes", "{'name':'x'}");
    add.accept("two objects", "{\"name\":\"x\"} {}");
    add.accept("name twice", "{\"name\":\"x\",\"name\":\"y\"}");
    add.accept("array", "[]");
    add.accept("text", "\"x\"");
    add.accept("number", "42");
    add.accept("null", "null");
    add.accept("NaN", "{\"name\":NaN}");
    add.accept("no UTF-8", "{\"name\":\"\u00ff\u00fe\"}");
    add.accept("surrogate in UTF-8", "{\"name\":\"\u00ed\u00a0\u0080\"}");
    add.accept("overlong NUL", "{\"name\":\"\u00c0\u0080\"}");
    add.accept("raw NUL", "{\"name\":\"a\0b\"}");
    add.accept("UTF-16", "\u00ff\u00fe{\0}\0");
    add.accept("deep objects", "{\"a\":".repeat(5_000) + "1" + "}".repeat(5_000));
    add.accept("deep arrays", "{\"a\":" + "[".repeat(20_000));
    add.accept("long number", "{\"a\":" + "9".repeat(20_000) + "}");
    add.accept("1 MB", "{\"name\":\"" + "x".repeat(1_048_576) + "\"}");
    return texts;
  }

  /** Each member that the route knows, with values that it cannot have. */
  @ParameterizedTest
  @MethodSource("routesWithBody")
  void memberOfAWrongTypeIsRefused(String route) {
    for (JsonObject good : DocumentedTraffic.ofPublicListener().requestExamples(route)) {
      for (String member : good.fieldNames()) {
        for (String value : values()) {
          JsonObject bad = good.copy().put(member, "@");
          String body = bad.encode().replace("\"@\"", value);
          refused(route, member + " " + shown(value), body.getBytes(UTF_8));
        }
      }
    }
  }

  private static List<String> values() {
    return List.of(
        "-7",
        "1e999999999",
        "true",
        "{}",
        "{\"a\":[]}",
        "[{}]",
        "[null]",
        "\"a\\u0000b\"",
        "\"\\ud800\"",
        "\"x\\udc00y\"",
        "\"\\u0000\"",
        "[".repeat(500) + "]".repeat(500),
        '"' + "x".repeat(60_000) + '"');
  }

  /** An id in the path that is unknown, malformed, encoded or long is a 404 or a 400. */
  @ParameterizedTest
  @MethodSource("routes")
  void unknownIdIsRefused(String route) {
    if (!route.contains("{id}")) {
      return;
    }
    for (String id :
        List.of(
            SOME_ID,
            SOME_ID.toUpperCase(Locale.ROOT),
            "1",
            "%00",
            "%ed%a0%80",
            "%ff",
            "%F0%9F%94%91",
            "'%20OR%201=1--",
            "a%2fb",
            "x".repeat(4_000))) {
      Answer answer = send(route.replaceAll("\\{[^}]+}", id), goodBody(route).getBytes(UTF_8));
      assertThat(answer.status()).as(route + " " + id).isIn(400, 404, 409);
    }
  }

  /** 405 with {@code Allow}, in the dialect's shape. */
  @ParameterizedTest
  @MethodSource("routes")
  void otherMethodIsRefused(String route) {
    String path = route.substring(route.indexOf(' ') + 1);
    Set<String> known = new TreeSet<>();
    routes().stream()
        .filter(one -> one.endsWith(" " + path))
        .forEach(one -> known.add(one.substring(0, one.indexOf(' '))));
    for (String method : METHODS) {
      if (!known.contains(method)) {
        Answer answer = send(method + " " + path.replaceAll("\\{[^}]+}", SOME_ID), new byte[0]);
        assertThat(answer.status()).as(method + " " + path).isEqualTo(405);
        assertThat(answer.header("Allow")).as(method + " " + path).contains(known);
      }
    }
  }

  /** A name is kept to the byte (but for the blanks around it) or refused: never repaired. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "plain",
        "zażółć",
        "🔑🗝️",
        "e\u0301",
        "\u00e9",
        "\u202eright to left",
        "a\tb",
        "a\u0085b",
        "\u0007bell",
        "zero\u200bwidth",
        "\ufffd",
        "bom\ufeffinside",
        "\uffff",
        "\\u0000",
        "\"quoted\\",
        "<script>",
        "'; DROP TABLE api_keys; --"
      })
  void nameIsKeptToTheByte(String name) {
    JsonObject named = new JsonObject().put("name", name);
    keptOrRefused(name, bearer("POST", "/v1/api-keys", named), "data");
    keptOrRefused(name, bearer("POST", "/functions/v1/manage-api-keys", generate(name)), "");
    keptOrRefused(
        name,
        gateway.post(
            "/api/v1/api-keys",
            named.encode(),
            "Cookie",
            cookie,
            "Content-Type",
            "application/json"),
        "key");
    keptOrRefused(
        name,
        bearer("POST", "/v1/service-accounts", named.copy().put("permissions", new JsonArray())),
        "data");
    database.execute("UPDATE api_keys SET revoked_at = now() WHERE revoked_at IS NULL");
  }

  private static void keptOrRefused(String name, HttpResponse<String> answer, String member) {
    assertThat(answer.statusCode()).as(answer.body()).isIn(200, 201, 400);
    if (answer.statusCode() != 400) {
      JsonObject body = new JsonObject(answer.body());
      JsonObject made = member.isEmpty() ? body : body.getJsonObject(member);
      assertThat(made.getString("name")).isEqualTo(name);
      assertThat(
              database.count(
                  """
                  SELECT count(*) FROM (SELECT name FROM api_keys WHERE id = '%1$s'
                                        UNION ALL
                                        SELECT name FROM service_accounts WHERE id = '%1$s') AS made
                   WHERE name = convert_from('\\x%2$s', 'UTF8')
                  """
                      .formatted(made.getString("id"), hex(name))))
          .isEqualTo(1);
    }
  }

  private static String hex(String name) {
    StringBuilder hex = new StringBuilder();
    for (byte one : name.getBytes(UTF_8)) {
      hex.append(String.format("%02x", one));
    }
    return hex.toString();
  }

  @Test
  void tablesAreNotEmpty() {
    assertThat(routesWithBody()).hasSizeGreaterThan(12);
    assertThat(routes()).hasSizeGreaterThan(25);
  }

  private static JsonObject generate(String name) {
    return new JsonObject().put("action", "generate").put("name", name);
  }

  private static HttpResponse<String> bearer(String method, String path, JsonObject body) {
    return gateway
        .sendLater(method, path, body.encode(), "Authorization", "Bearer " + session)
        .join();
  }

  private static String goodBody(String route) {
    return DocumentedTraffic.ofPublicListener().requestExamples(route).stream()
        .findFirst()
        .map(JsonObject::encode)
        .orElse("");
  }

  private static void refused(String route, String what, byte[] body) {
    Answer answer = send(route.replaceAll("\\{[^}]+}", SOME_ID), body);
    assertThat(answer.status()).as(route + " with " + what).isBetween(400, 499);
  }

  /** Sends one request and then, on the same connection, another, unless it was closed. */
  private static Answer send(String line, byte[] body) {
    String head =
        line
            + (line.contains("/auth/v1/token") ? "?grant_type=password" : "")
            + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
            + body.length
            + (line.contains(" /api/v1/") || line.contains(" /auth/v1/session")
                ? "\r\nCookie: " + cookie
                : "\r\nAuthorization: Bearer " + session)
            + "\r\n\r\n";
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), gateway.gateway.httpPort())) {
      socket.setSoTimeout(TIMEOUT_MILLIS);
      Answer answer = exchange(socket, head.getBytes(ISO_8859_1), body);
      String request = new String(body, ISO_8859_1);
      String target = line.split(" ", 2)[1];
      List<String> problems =
          DocumentedTraffic.ofPublicListener()
              .problems(new HttpExchange(line.split(" ", 2)[0], target, Map.of(), request, answer));
      assertThat(problems).as(line).isEmpty();
      if ("close".equals(answer.header("Connection"))) {
        assertThat(socket.getInputStream().read()).as(line).isEqualTo(-1);
      } else {
        byte[] next = "GET /v1/whoami HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(ISO_8859_1);
        assertThat(exchange(socket, next, new byte[0]).status()).as(line).isEqualTo(401);
      }
      return answer;
    } catch (IOException failed) {
      throw new AssertionError(line, failed);
    }
  }

  private static Answer exchange(Socket socket, byte[] head, byte[] body) throws IOException {
    ByteArrayOutputStream request = new ByteArrayOutputStream();
    request.writeBytes(head);
    request.writeBytes(body);
    socket.getOutputStream().write(request.toByteArray());
    socket.getOutputStream().flush();
    InputStream in = socket.getInputStream();
    ByteArrayOutputStream answered = new ByteArrayOutputStream();
    byte[] chunk = new byte[8_192];
    while (true) {
      List<HttpExchange> all =
          HttpBytes.exchanges(
              "GET / HTTP/1.1\r\n\r\n".getBytes(ISO_8859_1), answered.toByteArray());
      Answer answer = all.get(0).answer();
      if (answer != null) {
        return answer;
      }
      int n = in.read(chunk);
      assertThat(n).as("the connection ended before an answer").isPositive();
      answered.write(chunk, 0, n);
    }
  }

  private static String shown(String value) {
    return value.length() > 40 ? value.substring(0, 40) + "…" : value;
  }
}
