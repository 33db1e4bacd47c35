// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.standardwebhooks.Webhook;
import dev.maglatch.key.KeyKind;
import dev.maglatch.manage.Actor;
import dev.maglatch.manage.DeliveryBook.Selection;
import dev.maglatch.manage.KeyReach;
import dev.maglatch.postgres.Database;
import dev.maglatch.postgres.DatabaseAddress;
import dev.maglatch.postgres.PgEventStore;
import dev.maglatch.postgres.PoolLimits;
import dev.maglatch.postgres.TestDatabase;
import dev.maglatch.secret.Secret;
import dev.maglatch.session.PasswordHash;
import dev.maglatch.testing.HookReceiver;
import dev.maglatch.testing.HookReceiver.Hook;
import dev.maglatch.testing.Ports;
import dev.maglatch.webhook.EventStore;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpResponse;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Webhooks of a whole gateway: from the change or the event to the receiver. */
class WebhookJobTest {
  private static final String ROUTE = "/functions/v1/manage-api-keys";
  private static final String TOKEN = "a-token-for-upstreams";
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Asks for ten minutes, which no test waits for: {@link #dueNow} ends them. */
  private static final String LATER = "Retry-After: 600\r\n";

  /** Lets every commit fail that changes a table, as a full disk would. */
  private static final String REFUSE_COMMITS =
      """
      CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full';
      END $$;
      CREATE CONSTRAINT TRIGGER refuse AFTER INSERT OR UPDATE ON %s
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();
      """;

  private static TestDatabase database;
  private static EchoUpstream upstream;
  private static TestGateway gateway;

  private HookReceiver receiver;
  private Tenant tenant;
  private String key;

  @BeforeAll
  static void start() {
    database = TestDatabase.create();
    upstream = new EchoUpstream();
    gateway =
        TestGateway.begin(
                database.address(),
                upstream.url(),
                Map.of(
                    "MAGLATCH_WEBHOOKS_ALLOW_HTTP", "true",
                    "MAGLATCH_WEBHOOKS_ALLOWED_CIDRS", "127.0.0.0/8",
                    "MAGLATCH_WEBHOOKS_TIMEOUT", "60s", // no receiver here is given up for its time
                    "MAGLATCH_WEBHOOKS_LEASE", "90s",
                    "MAGLATCH_EVENTS_TOKEN", TOKEN))
            .awaitReady();
  }

  @AfterAll
  static void stop() {
    gateway.close();
    upstream.close();
    database.close();
  }

  @BeforeEach
  void begin() {
    receiver = new HookReceiver(HookReceiver.GOOD);
    tenant = Tenant.in(database.address());
    key = tenant.key(gateway.config());
  }

  @AfterEach
  void close() {
    receiver.close();
  }

  @Test
  void keyEventsReachEveryActiveKeyWithAUrl() throws Exception {
    JsonObject hooked = manage("generate", "name", "hooked", "webhook_url", receiver.url());
    Hook created = only("api_key.created");

    verifiesAll(hooked.getString("webhook_secret"));
    JsonObject body = new JsonObject(created.body());
    assertThat(body.fieldNames()).containsExactly("event", "timestamp", "data");
    assertThat(body.getString("timestamp"))
        .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z");
    assertThat(body.getJsonObject("data"))
        .isEqualTo(
            new JsonObject()
                .put("id", hooked.getString("id"))
                .put("name", "hooked")
                .put("key_prefix", hooked.getString("key_prefix"))
                .put("kind", "mgp")
                .put("account_id", tenant.account().toString())
                .put("actor", tenant.account().toString()));
    assertThat(created.header("content-type")).isEqualTo("application/json");
    assertThat(created.header("host")).isEqualTo("127.0.0.1:" + receiver.port());
    assertThat(UUID.fromString(created.id())).isNotNull();
  }

  /** One event, one id, every active key; whoever is revoked or has no URL gets nothing. */
  @Test
  void eventGoesToEveryActiveKeyThatHasAUrl() throws Exception {
    try (HookReceiver second = new HookReceiver(HookReceiver.GOOD)) {
      manage("generate", "name", "one", "webhook_url", receiver.url());
      manage("generate", "name", "two", "webhook_url", second.url());
      JsonObject over = manage("generate", "name", "three", "webhook_url", receiver.url());
      manage("revoke", "key_id", over.getString("id"));
      manage("generate", "name", "without");

      JsonObject published = published("call.completed", new JsonObject().put("n", 1.5));

      assertThat(published.getInteger("deliveries")).isEqualTo(2);
      Hook here = only("call.completed");
      await().until(() -> !hooks(second, "call.completed").isEmpty());
      Hook there = hooks(second, "call.completed").get(0);
      assertThat(here.id()).isEqualTo(there.id()).isEqualTo(published.getString("id"));
      assertThat(here.body()).isEqualTo(there.body());
      assertThat(here.header("x-magpipe-signature"))
          .isNotEqualTo(there.header("x-magpipe-signature"));
      assertThat(new JsonObject(here.body()).getJsonObject("data"))
          .isEqualTo(new JsonObject().put("n", 1.5));
    }
  }

  /** Who is revoked is not told; the others are. */
  @Test
  void ownRevocationDoesNotGoToTheOwnUrl() throws Exception {
    try (HookReceiver other = new HookReceiver(HookReceiver.GOOD)) {
      JsonObject leaving = manage("generate", "name", "leaving", "webhook_url", receiver.url());
      manage("generate", "name", "staying", "webhook_url", other.url());
      manage("revoke", "key_id", leaving.getString("id"));
      published("after.all", new JsonObject());

      await().until(() -> !hooks(other, "after.all").isEmpty());
      await().until(() -> !hooks(other, "api_key.revoked").isEmpty());
      assertThat(hooks(other, "api_key.revoked")).hasSize(1);
      awaitNoPending();
      assertThat(hooks(receiver, "api_key.revoked")).isEmpty();
    }
  }

  @Test
  void eventsAreTakenFromWhoKnowsTheTokenOnly() {
    JsonObject event = event("call.completed", new JsonObject());
    for (String credential : List.of("", "Bearer", "Bearer x", "Basic " + TOKEN, TOKEN)) {
      HttpResponse<String> answer =
          credential.isEmpty()
              ? gateway.postOps("/_maglatch/events", event.encode())
              : gateway.postOps("/_maglatch/events", event.encode(), "Authorization", credential);
      assertThat(answer.statusCode()).as(credential).isEqualTo(401);
    }
    try (UnstartedGateway closed = UnstartedGateway.of(Map.of())) {
      for (String credential : List.of("Bearer ", "Bearer null", "Bearer " + TOKEN)) {
        assertThat(closed.post(closed.opsPort(), "/_maglatch/events", event.encode(), credential))
            .isEqualTo(401);
      }
    }
    try (UnstartedGateway starting = UnstartedGateway.of(Map.of("MAGLATCH_EVENTS_TOKEN", TOKEN))) {
      assertThat(
              starting.post(
                  starting.opsPort(), "/_maglatch/events", event.encode(), "Bearer " + TOKEN))
          .isEqualTo(503);
    }
  }

  @Test
  void eventsThatAreNoneAreRefused() {
    String account = tenant.account().toString();
    for (String body :
        List.of(
            "",
            "[]",
            "{}",
            "{\"account_id\":\"x\",\"event\":\"a\"}",
            "{\"account_id\":\"" + account + "\"}",
            "{\"account_id\":\"" + account + "\",\"event\":\"\"}",
            "{\"account_id\":\"" + account + "\",\"event\":\"a b\"}",
            "{\"account_id\":\"" + account + "\",\"event\":\"a..b\"}",
            "{\"account_id\":\"" + account + "\",\"event\":\"" + "a".repeat(129) + "\"}",
            "{\"account_id\":\"" + account + "\",\"event\":\"api_key.created\"}",
            "{\"account_id\":\"" + account + "\",\"event\":\"API_KEY.created\"}",
            "{\"account_id\":\"" + account + "\",\"event\":\"a\",\"data\":[]}")) {
      assertThat(publish(body).statusCode()).as(body).isEqualTo(400);
    }
    assertThat(publish("{\"x\":\"" + "x".repeat(70_000) + "\"}").statusCode()).isEqualTo(413);
    assertThat(
            publish("{\"account_id\":\"" + UUID.randomUUID() + "\",\"event\":\"a\"}").statusCode())
        .isEqualTo(404);
  }

  /** Operators see what becomes of deliveries, and what is under way. */
  @Test
  void metricsCountAttemptsByWhatBecameOfThem() throws Exception {
    Map<String, String> answers =
        Map.of(
            "delivered", "200 OK", "dead", "404 Not Found", "gone", "410 Gone", "failed", "503 x");
    for (Map.Entry<String, String> row : answers.entrySet()) {
      String counter = "maglatch_webhook_attempts_total{outcome=\"" + row.getKey() + "\"}";
      double before = metric(counter);
      receiver.behave(HookReceiver.answer(row.getValue(), LATER, ""));

      String id = manage("generate", "name", "k", "webhook_url", receiver.url()).getString("id");
      await().until(() -> status(id).endsWith(" 1"));
      manage("update", "key_id", id);

      assertThat(metric(counter)).as(row.getKey()).isGreaterThan(before);
    }
    CountDownLatch release = new CountDownLatch(1);
    receiver.behave(
        (hook, socket) -> {
          release.await();
          return false;
        });
    manage("generate", "name", "held", "webhook_url", receiver.url());
    await().until(() -> metric("maglatch_webhooks_in_flight") >= 1);
    release.countDown();
  }

  private static double metric(String name) {
    return gateway
        .ops("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .findFirst()
        .orElse(0);
  }

  /** 3xx and most of 4xx are given up at once, 410 says so itself, the rest comes again. */
  @Test
  void answersDecideHowItGoesOn() throws Exception {
    for (String[] row :
        new String[][] {
          {"204 No Content", "", "delivered"},
          {"302 Found", "Location: " + receiver.url() + "/elsewhere\r\n", "dead"},
          {"307 Temporary Redirect", "Location: " + receiver.url() + "/elsewhere\r\n", "dead"},
          {"400 Bad Request", "", "dead"},
          {"404 Not Found", "", "dead"},
          {"410 Gone", "", "gone"},
          {"408 Request Timeout", "", "pending"},
          {"429 Too Many Requests", "", "pending"},
          {"500 Internal Server Error", "", "pending"},
          {"503 Service Unavailable", "", "pending"}
        }) {
      try (HookReceiver strange =
          new HookReceiver(
              HookReceiver.answer(row[0], row[1], row[0].startsWith("2") ? "" : "no"))) {
        String id = manage("generate", "name", "k", "webhook_url", strange.url()).getString("id");

        await().untilAsserted(() -> assertThat(status(id)).as(row[0]).isEqualTo(row[2] + " 1"));

        assertThat(strange.hooks).hasSize(1);
        assertThat(text(id, "http_status")).isEqualTo(row[0].substring(0, 3));
        manage("revoke", "key_id", id);
      }
    }
  }

  @Test
  void retryAfterIsHeededAndTheIdStaysTheSame() throws Exception {
    receiver.behave(HookReceiver.answer("503 Service Unavailable", LATER, "later"));
    String id = manage("generate", "name", "k", "webhook_url", receiver.url()).getString("id");
    await().until(() -> status(id).equals("pending 1"));
    assertThat(text(id, "answer")).isEqualTo("later");
    assertThat(text(id, "due_at > now() + interval '5 minutes'")).isEqualTo("true");
    assertThat(text(id, "due_at <= now() + interval '10 minutes'")).isEqualTo("true");

    receiver.behave(HookReceiver.GOOD);
    dueNow();

    await().until(() -> status(id).equals("delivered 2"));
    assertThat(receiver.hooks.stream().map(Hook::id).distinct()).hasSize(1);
    assertThat(receiver.hooks).hasSize(2);
  }

  /** Whatever a receiver does, it ends; and what is kept of it is little. */
  @Test
  void badReceiversAreBounded() throws Exception {
    byte[] junk = "x".repeat(8_192).getBytes(UTF_8);
    Map<String, HookReceiver.Behaviour> receivers =
        Map.of(
            "endless body",
            (hook, socket) -> {
              socket.getOutputStream().write("HTTP/1.1 200 OK\r\n\r\n".getBytes(UTF_8));
              HookReceiver.flood(socket.getOutputStream(), junk);
              return false;
            },
            "endless head",
            (hook, socket) -> {
              socket.getOutputStream().write("HTTP/1.1 200 OK\r\nx: ".getBytes(UTF_8));
              HookReceiver.flood(socket.getOutputStream(), junk);
              return false;
            },
            "compressed bomb",
            (hook, socket) -> {
              ByteArrayOutputStream bomb = new ByteArrayOutputStream();
              try (GZIPOutputStream zip = new GZIPOutputStream(bomb)) {
                for (int i = 0; i < 2_000; i++) {
                  zip.write(junk);
                }
              }
              HookReceiver.answer("200 OK", "Content-Encoding: gzip\r\n", "").answer(hook, socket);
              socket.getOutputStream().write(bomb.toByteArray());
              return false;
            },
            "no HTTP",
            (hook, socket) -> {
              HookReceiver.flood(socket.getOutputStream(), junk);
              return false;
            },
            "reset",
            (hook, socket) -> {
              socket.setSoLinger(true, 0);
              return false;
            },
            "cut body",
            (hook, socket) -> {
              String head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
              socket.getOutputStream().write(head.getBytes(UTF_8));
              return false;
            });
    for (Map.Entry<String, HookReceiver.Behaviour> row : receivers.entrySet()) {
      try (HookReceiver strange = new HookReceiver(row.getValue())) {
        String id =
            manage("generate", "name", row.getKey(), "webhook_url", strange.url()).getString("id");

        await().untilAsserted(() -> assertThat(status(id)).as(row.getKey()).endsWith(" 1"));

        assertThat(text(id, "answer")).hasSizeLessThanOrEqualTo(2_000);
        assertThat(strange.hooks).as(row.getKey()).hasSize(1);
        String expected =
            Set.of("endless body", "compressed bomb").contains(row.getKey())
                ? "delivered 1"
                : "pending 1";
        assertThat(status(id)).as(row.getKey()).isEqualTo(expected);
        manage("revoke", "key_id", id);
      }
    }
  }

  /** Receivers that are silent, endless or not there delay their own deliveries alone. */
  @Test
  void badReceiversDelayNobodyElse() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    try (HookReceiver slow = new HookReceiver((hook, socket) -> heldUntil(release));
        HookReceiver endless =
            new HookReceiver(
                (hook, socket) -> {
                  socket.getOutputStream().write("HTTP/1.1 200 OK\r\n\r\nand".getBytes(UTF_8));
                  return heldUntil(release);
                })) {
      manage("generate", "name", "slow", "webhook_url", slow.url());
      manage("generate", "name", "endless", "webhook_url", endless.url());
      manage("generate", "name", "dead", "webhook_url", "http://127.0.0.1:" + Ports.free() + "/");
      for (int i = 0; i < 20; i++) {
        published("to.the.bad", new JsonObject().put("i", i));
      }
      await().until(() -> slow.hooks.size() >= 8 && endless.hooks.size() >= 8);
      manage("generate", "name", "quick", "webhook_url", receiver.url());

      published("to.all", new JsonObject());

      await().until(() -> !hooks(receiver, "to.all").isEmpty());
      assertThat(slow.hooks).as("none of them has been answered").hasSize(8);
      assertThat(endless.hooks).as("none of them has ended").hasSize(8);
      assertThat(release.getCount()).isOne();
      release.countDown();
    }
  }

  private static boolean heldUntil(CountDownLatch release) throws InterruptedException {
    release.await();
    return false;
  }

  /** What waits, and how long, over all destinations. */
  @Test
  void metricsTellWhatIsInFlightAndHowLongTheOldestHasWaited() throws Exception {
    database.execute("DELETE FROM webhook_events"); // those of other tests
    CountDownLatch release = new CountDownLatch(1);
    try (HookReceiver slow = new HookReceiver((hook, socket) -> heldUntil(release))) {
      manage("generate", "name", "slow", "webhook_url", slow.url());
      for (int i = 0; i < 20; i++) {
        published("to.the.slow", new JsonObject());
      }
      await().until(() -> slow.hooks.size() == 8);
      awaitMetric("maglatch_webhooks_in_flight", 8, 8);
      database.execute(
          """
          UPDATE webhook_deliveries SET due_at = now() - interval '1 hour'
           WHERE claimed_by IS NULL AND status = 'pending' AND due_at < now()
          """);

      awaitMetric("maglatch_webhook_queue_age_seconds", 3_600, 4_200);
      release.countDown();
      database.execute("DELETE FROM webhook_events");
      awaitMetric("maglatch_webhook_queue_age_seconds", 0, 0);
      awaitMetric("maglatch_webhooks_in_flight", 0, 0);
    }
  }

  private static void awaitMetric(String name, double least, double most) {
    await().untilAsserted(() -> assertThat(metric(name)).as(name).isBetween(least, most));
  }

  /** What did not happen is not told, and what cannot be told does not happen. */
  @Test
  void changeAndItsEventAreCommittedTogetherOrNotAtAll() {
    manage("generate", "name", "hooked", "webhook_url", receiver.url());
    String doomed = manage("generate", "name", "doomed").getString("id");
    await().until(() -> hooks(receiver, "api_key.created").size() == 2);
    JsonObject command =
        new JsonObject()
            .put("name", "doomed")
            .put("key_id", doomed)
            .put("webhook_url", receiver.url());
    for (String table : List.of("api_keys", "webhook_events")) {
      database.execute(REFUSE_COMMITS.formatted(table));
      try {
        for (String action : List.of("generate", "update", "revoke")) {
          HttpResponse<String> answer =
              gateway.post(
                  ROUTE, command.put("action", action).encode(), "Authorization", "Bearer " + key);
          assertThat(answer.statusCode()).as(table + " " + action).isEqualTo(503);
        }
      } finally {
        database.execute("DROP TRIGGER refuse ON " + table);
      }
    }

    String mine = " WHERE account_id = '" + tenant.account() + "'";
    assertThat(database.count("SELECT count(*) FROM webhook_events" + mine)).isEqualTo(2);
    assertThat(
            database.count(
                "SELECT count(*) FROM api_keys WHERE name = 'doomed' AND revoked_at IS NULL"))
        .isEqualTo(1);
    manage("revoke", "key_id", doomed);
    only("api_key.revoked");
  }

  /** What was on its way to a key goes to its successor, as do URL and secret. */
  @Test
  void pendingDeliveriesFollowARotation() throws Exception {
    receiver.behave(HookReceiver.answer("503 Busy", LATER, ""));
    JsonObject old = manage("generate", "name", "old", "webhook_url", receiver.url());
    await().until(() -> status(old.getString("id")).equals("pending 1"));
    receiver.behave(HookReceiver.GOOD);

    rotate(old.getString("id"));
    dueNow();

    await().until(() -> hooks(receiver, "api_key.rotated").size() >= 1);
    awaitNoPending();
    assertThat(text(old.getString("id"), "status")).isEqualTo("null");
    verifiesAll(old.getString("webhook_secret"));
  }

  /** The outage comes first, then the rotation, then somebody who sends all of it again. */
  @Test
  void deadLettersOfARotatedKeyAreSentToWhereItsWebhookHasGone() throws Exception {
    receiver.behave(HookReceiver.answer("404 Not Found", "", ""));
    JsonObject old = manage("generate", "name", "old", "webhook_url", receiver.url());
    String id = old.getString("id");
    await().until(() -> status(id).equals("dead 1"));
    receiver.behave(HookReceiver.GOOD);
    rotate(id);

    assertThat(replayedAll(id)).isOne();

    await().until(() -> status(id).equals("delivered 1"));
    String webhookId = receiver.hooks.get(0).id();
    assertThat(receiver.hooks.stream().filter(hook -> hook.id().equals(webhookId))).hasSize(2);
    verifiesAll(old.getString("webhook_secret"));
  }

  private void rotate(String keyId) {
    inManagement(
        (management, reach) ->
            management.keys().rotate(reach, UUID.fromString(keyId), Duration.ZERO, Actor.OPERATOR));
  }

  private <T extends @Nullable Object> T inManagement(
      BiFunction<Management, KeyReach, Future<T>> work) {
    Vertx vertx = Vertx.vertx();
    Management management = Management.open(vertx, gateway.config());
    try {
      KeyReach reach = new KeyReach(KeyKind.MGP, tenant.organization(), tenant.account());
      return Await.result(work.apply(management, reach));
    } finally {
      Await.result(management.close());
      Await.result(vertx.close());
    }
  }

  private void verifiesAll(String secret) throws Exception {
    Webhook verifier = new Webhook(secret);
    for (Hook hook : receiver.hooks) {
      verifier.verify(hook.body(), multi(hook));
    }
  }

  private static Map<String, List<String>> multi(Hook hook) {
    return hook.headers().entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, entry -> List.of(entry.getValue())));
  }

  @Test
  void deliveryOfAKeyThatIsOverIsGivenUp() throws Exception {
    receiver.behave(HookReceiver.answer("503 Busy", LATER, ""));
    String id = manage("generate", "name", "k", "webhook_url", receiver.url()).getString("id");
    await().until(() -> status(id).equals("pending 1"));

    database.execute("UPDATE api_keys SET webhook_url = NULL WHERE id = '" + id + "'");
    dueNow();

    await().until(() -> status(id).startsWith("dead"));
    assertThat(text(id, "failure")).isEqualTo("the key has no webhook");
  }

  /** Its keys are refused, so nothing goes out in their name; once it is back it can be sent. */
  @Test
  void deliveryOfADisabledAccountIsGivenUpUntilItIsSentAgain() throws Exception {
    receiver.behave(HookReceiver.answer("503 Busy", LATER, ""));
    String id = manage("generate", "name", "k", "webhook_url", receiver.url()).getString("id");
    await().until(() -> status(id).equals("pending 1"));
    receiver.behave(HookReceiver.GOOD);

    setDisabled("now()");
    dueNow();

    await().until(() -> status(id).equals("dead 1"));
    assertThat(text(id, "failure")).isEqualTo("the account is disabled");
    assertThat(replayedAll(id)).isZero();
    assertThat(receiver.hooks).hasSize(1);

    setDisabled("NULL");
    assertThat(replayedAll(id)).isOne();
    await().until(() -> status(id).equals("delivered 1"));
  }

  private void setDisabled(String since) {
    database.execute(
        "UPDATE accounts SET disabled_at = " + since + " WHERE id = '" + tenant.account() + "'");
  }

  /** Has all deliveries of a key sent again, and returns how many there were. */
  private int replayedAll(String keyId) {
    Selection all = new Selection(null, null, null, null, 9);
    UUID id = UUID.fromString(keyId);
    return inManagement(
        (management, reach) -> management.deliveries().replay(reach, id, all, Actor.OPERATOR));
  }

  @Test
  void expiryIsToldOnceOnly() throws Exception {
    manage("generate", "name", "hooked", "webhook_url", receiver.url());
    database.execute(
        """
        INSERT INTO api_keys (kind, name, organization_id, user_id, created_by, key_prefix, key_hash,
                              pepper, scope, expires_at)
        VALUES ('org', 'soon', '%1$s', '%2$s', '%2$s', 'mgp_0000', sha256('%2$s'), 'p', 'read',
                now() + interval '6 days'),
               ('org', 'later', '%1$s', '%2$s', '%2$s', 'mgp_0000', sha256('-%2$s'), 'p', 'read',
                now() + interval '8 days')
        """
            .formatted(tenant.organization(), tenant.account()));
    Vertx vertx = Vertx.vertx();
    DatabaseAddress address = gateway.config().database().requireAddress();
    Database ofOne = Database.open(vertx, address, PoolLimits.DEFAULT);
    Database ofTwo = Database.open(vertx, address, PoolLimits.DEFAULT);
    EventStore one = new PgEventStore(ofOne);
    EventStore two = new PgEventStore(ofTwo);
    try {
      List<Future<Integer>> sweeps =
          IntStream.range(0, 10)
              .mapToObj(i -> (i % 2 == 0 ? one : two).noticeExpiring(Duration.ofDays(7), 100))
              .toList();
      int noticed = sweeps.stream().mapToInt(Await::result).sum();

      assertThat(noticed).as("or the gateway's own sweep came first").isLessThanOrEqualTo(1);
      Hook expiring = only("api_key.expiring");
      assertThat(new JsonObject(expiring.body()).getJsonObject("data").getString("name"))
          .isEqualTo("soon");

      UUID key =
          UUID.fromString(new JsonObject(expiring.body()).getJsonObject("data").getString("id"));
      Instant window = Instant.now().plusSeconds(60);
      Await.result(one.limitReached(key, window));
      Await.result(two.limitReached(key, window));
      Await.result(two.limitReached(key, window.plusSeconds(60)));
      await().until(() -> hooks(receiver, "api_key.limit_reached").size() == 2);
      awaitNoPending();
      assertThat(hooks(receiver, "api_key.limit_reached")).hasSize(2);
    } finally {
      Await.result(ofOne.close());
      Await.result(ofTwo.close());
      Await.result(vertx.close());
    }
  }

  /** What happened to a delivery can be seen and done again, by a session for a Magpipe key too. */
  @Test
  void deliveriesCanBeSeenAndSentAgain() {
    receiver.behave(HookReceiver.answer("404 Not Found", "", "n\0o" + "x".repeat(3_000)));
    String id = manage("generate", "name", "seen", "webhook_url", receiver.url()).getString("id");
    await().until(() -> status(id).equals("dead 1"));
    String session = session();
    String path = "/v1/api-keys/" + id;

    JsonObject item =
        data(call("GET", path + "/deliveries", session)).getJsonArray("items").getJsonObject(0);
    assertThat(item.fieldNames())
        .containsExactlyInAnyOrder(
            "id",
            "webhookId",
            "event",
            "status",
            "attempts",
            "createdAt",
            "nextAttemptAt",
            "attemptedAt",
            "url",
            "httpStatus",
            "durationMs",
            "failure",
            "answer");
    assertThat(item.getString("status")).isEqualTo("dead");
    assertThat(item.getInteger("httpStatus")).isEqualTo(404);
    assertThat(item.getString("answer")).isEqualTo("no" + "x".repeat(1_998));
    String one = path + "/deliveries/" + item.getString("id");
    JsonObject whole = data(call("GET", one, session));
    assertThat(whole.getString("body")).isEqualTo(receiver.hooks.get(0).body());
    JsonObject attempt = whole.getJsonArray("history").getJsonObject(0);
    assertThat(attempt.getJsonObject("requestHeaders").getMap())
        .containsKeys("webhook-signature", "x-magpipe-signature")
        .isEqualTo(receiver.hooks.get(0).headers());
    for (String last :
        List.of("attemptedAt", "url", "httpStatus", "durationMs", "failure", "answer")) {
      assertThat(attempt.getValue(last)).as(last).isEqualTo(item.getValue(last));
    }
    assertThat(
            data(call("GET", path + "/deliveries?status=delivered", session)).getJsonArray("items"))
        .isEmpty();

    receiver.behave(HookReceiver.GOOD);
    assertThat(data(call("POST", one + "/replay", session)).getInteger("replayed")).isEqualTo(1);
    await().until(() -> status(id).equals("delivered 1"));
    assertThat(receiver.hooks.stream().map(Hook::id).distinct()).hasSize(1);
    assertThat(data(call("POST", path + "/webhook/replay", session, "{\"status\":\"delivered\"}")))
        .isEqualTo(new JsonObject().put("replayed", 1));
    await().until(() -> status(id).equals("delivered 1") && receiver.hooks.size() == 3);
    JsonObject replayed = data(call("GET", one, session));
    assertThat(replayed.getInteger("attempts")).isEqualTo(1);
    assertThat(statuses(replayed)).containsExactly(200, 200, 404);
    assertThat(
            data(
                call(
                    "POST",
                    path + "/webhook/replay",
                    session,
                    "{\"until\":\"2020-01-01T00:00:00Z\"}")))
        .isEqualTo(new JsonObject().put("replayed", 0));

    Instant now = Instant.now();
    assertThat(replayed(path, session, now.minusSeconds(3_600), now.minusSeconds(3_000))).isZero();
    assertThat(replayed(path, session, now.minusSeconds(3_600), now.plusSeconds(3_600))).isOne();
    await().until(() -> status(id).equals("delivered 1") && receiver.hooks.size() == 4);

    data(call("POST", path + "/webhook/test", session));
    assertThat(new JsonObject(only("webhook.test").body()).getJsonObject("data").getString("id"))
        .isEqualTo(id);

    for (String nobodys : List.of(UUID.randomUUID().toString(), "x")) {
      assertThat(call("GET", "/v1/api-keys/" + nobodys + "/deliveries", session).statusCode())
          .isEqualTo(404);
    }
    assertThat(call("GET", path + "/deliveries/x", session).statusCode()).isEqualTo(404);
    assertThat(call("GET", path + "/deliveries?status=x", session).statusCode()).isEqualTo(400);
    assertThat(call("GET", path + "/deliveries", key).statusCode()).isEqualTo(401);
    manage("update", "key_id", id);
    assertThat(call("POST", path + "/webhook/test", session).statusCode()).isEqualTo(409);
    assertThat(call("POST", one + "/replay", session).statusCode()).isEqualTo(409);
    assertThat(call("POST", path + "/webhook/rotate-secret", session).statusCode()).isEqualTo(409);
  }

  private static int replayed(String path, String session, Instant from, Instant until) {
    JsonObject range =
        new JsonObject()
            .put("status", "delivered")
            .put("from", from.toString())
            .put("until", until.toString());
    return data(call("POST", path + "/webhook/replay", session, range.encode()))
        .getInteger("replayed");
  }

  private static List<Integer> statuses(JsonObject delivery) {
    return delivery.getJsonArray("history").stream()
        .map(attempt -> ((JsonObject) attempt).getInteger("httpStatus"))
        .toList();
  }

  /** Who had what sent again, who tested, who replaced the secret: all of it is in the audit. */
  @Test
  void whatOwnersDoWithWebhooksIsAudited() {
    String id = manage("generate", "name", "k", "webhook_url", receiver.url()).getString("id");
    await().until(() -> status(id).equals("delivered 1"));
    String session = session();
    String path = "/v1/api-keys/" + id;
    String delivery = text(id, "d.id");

    data(call("POST", path + "/deliveries/" + delivery + "/replay", session));
    await().until(() -> status(id).equals("delivered 1"));
    data(call("POST", path + "/webhook/replay", session, "{\"status\":\"delivered\"}"));
    data(call("POST", path + "/webhook/replay", session, "{\"until\":\"2020-01-01T00:00:00Z\"}"));
    String tested = data(call("POST", path + "/webhook/test", session)).getString("deliveryId");
    data(call("POST", path + "/webhook/rotate-secret", session));

    JsonArray items = data(call("GET", "/v1/audit", session)).getJsonArray("items");
    List<JsonObject> rows =
        items.stream()
            .map(JsonObject.class::cast)
            .filter(row -> row.getString("action").startsWith("webhook."))
            .toList();
    assertThat(rows.stream().map(row -> row.getString("action")))
        .containsExactly(
            "webhook.secret_rotated", "webhook.tested", "webhook.replayed", "webhook.replayed");
    assertThat(rows)
        .allSatisfy(
            row -> {
              assertThat(row.getString("actor")).isEqualTo(tenant.account().toString());
              assertThat(row.getString("credential")).isEqualTo("session");
              assertThat(row.getString("entityId")).isEqualTo(id);
              assertThat(row.encode()).doesNotContain("whsec_", receiver.url());
            });
    assertThat(rows.get(1).getJsonObject("detail").getString("delivery_id")).isEqualTo(tested);
    assertThat(rows.get(2).getJsonObject("detail").getInteger("deliveries")).isEqualTo(1);
    assertThat(rows.get(3).getJsonObject("detail").getString("delivery_id")).isEqualTo(delivery);
  }

  /** A publisher that does not know whether it was heard says it again, and is heard once. */
  @Test
  void eventSentAgainUnderItsNameIsPublishedOnce() throws Exception {
    manage("generate", "name", "k", "webhook_url", receiver.url());
    only("api_key.created");
    String sent = event("order.paid", new JsonObject().put("order", 7)).encode();
    List<HttpResponse<String>> answers =
        IntStream.range(0, 8)
            .parallel()
            .mapToObj(i -> publish(sent, "Idempotency-Key", "order-7"))
            .toList();

    assertThat(answers).allSatisfy(answer -> assertThat(answer.statusCode()).isEqualTo(202));
    assertThat(answers.stream().map(HttpResponse::body).distinct()).hasSize(1);
    assertThat(new JsonObject(answers.get(0).body()).getInteger("deliveries")).isEqualTo(1);
    assertThat(
            answers.stream()
                .filter(answer -> answer.headers().firstValue("Idempotency-Replayed").isEmpty()))
        .hasSize(1);
    assertThat(only("order.paid").id())
        .isEqualTo(new JsonObject(answers.get(0).body()).getString("id"));
    awaitNoPending();
    assertThat(hooks(receiver, "order.paid")).hasSize(1);

    String other = event("order.paid", new JsonObject().put("order", 8)).encode();
    assertThat(publish(other, "Idempotency-Key", "order-7").statusCode()).isEqualTo(422);
    assertThat(publish(sent, "Idempotency-Key", "").statusCode()).isEqualTo(400);
    assertThat(publish(sent, "Idempotency-Key", "a b").statusCode()).isEqualTo(400);
    database.execute(
        "UPDATE webhook_publications SET created_at = now() - interval '24 hours 1 second'");
    HttpResponse<String> later = publish(other, "Idempotency-Key", "order-7");
    assertThat(later.statusCode()).isEqualTo(202);
    assertThat(later.headers().firstValue("Idempotency-Replayed")).isEmpty();
  }

  /** Somebody else's deliveries are as good as none. */
  @Test
  void strangersSeeNothing() {
    String id = manage("generate", "name", "mine", "webhook_url", receiver.url()).getString("id");
    Tenant mine = tenant;
    tenant = Tenant.in(database.address());
    String stranger = session();
    tenant = mine;
    for (String rest : List.of("/webhook/test", "/webhook/rotate-secret", "/webhook/replay")) {
      assertThat(call("POST", "/v1/api-keys/" + id + rest, stranger, "{}").statusCode())
          .as(rest)
          .isEqualTo(404);
    }
    assertThat(call("GET", "/v1/api-keys/" + id + "/deliveries", stranger).statusCode())
        .isEqualTo(404);
  }

  /** While the overlap lasts, receivers that know either secret are content. */
  @Test
  void bothSecretsSignDuringTheOverlap() throws Exception {
    JsonObject made = manage("generate", "name", "k", "webhook_url", receiver.url());
    String id = made.getString("id");
    String path = "/v1/api-keys/" + id + "/webhook/rotate-secret";
    only("api_key.created");
    String session = session();

    String next = data(call("POST", path, session)).getString("webhookSecret");

    Hook updated = only("api_key.updated");
    assertThat(next).isNotEqualTo(made.getString("webhook_secret"));
    new Webhook(next).verify(updated.body(), multi(updated));
    new Webhook(made.getString("webhook_secret")).verify(updated.body(), multi(updated));
    assertThat(updated.header("webhook-signature").split(" ", -1)).hasSize(2);

    String last =
        data(call("POST", path, session, "{\"overlapSeconds\":0}")).getString("webhookSecret");

    await().until(() -> hooks(receiver, "api_key.updated").size() == 2);
    Hook second = hooks(receiver, "api_key.updated").get(1);
    new Webhook(last).verify(second.body(), multi(second));
    assertThat(second.header("webhook-signature").split(" ", -1)).hasSize(1);
    assertThat(manage("list").getJsonArray("keys").encode()).contains(last);
  }

  private String session() {
    database.execute(
        "UPDATE accounts SET password_hash = '"
            + PasswordHash.of(new Secret("a pass phrase"), new SecureRandom())
            + "' WHERE id = '"
            + tenant.account()
            + "'");
    JsonObject login =
        new JsonObject()
            .put("email", tenant.account() + "@example.com")
            .put("password", "a pass phrase");
    HttpResponse<String> answer =
        gateway.post("/auth/v1/token?grant_type=password", login.encode());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return new JsonObject(answer.body()).getString("access_token");
  }

  private static HttpResponse<String> call(String method, String path, String bearer) {
    return call(method, path, bearer, null);
  }

  private static HttpResponse<String> call(
      String method, String path, String bearer, @Nullable String body) {
    return gateway.sendLater(method, path, body, "Authorization", "Bearer " + bearer).join();
  }

  private static JsonObject data(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return new JsonObject(answer.body()).getJsonObject("data");
  }

  private static ConditionFactory await() {
    return Awaitility.await().atMost(PATIENCE);
  }

  /** Ends the wait of this test's deliveries, but for what is being tried. */
  private void dueNow() {
    database.execute(
        """
        UPDATE webhook_deliveries AS d SET due_at = clock_timestamp()
          FROM webhook_events AS e
         WHERE e.id = d.event_id AND e.account_id = '%s'
           AND d.status = 'pending' AND d.claimed_by IS NULL
        """
            .formatted(tenant.account()));
  }

  private void awaitNoPending() {
    await()
        .until(
            () ->
                database.count(
                        """
                        SELECT count(*) FROM webhook_deliveries AS d
                          JOIN webhook_events AS e ON e.id = d.event_id
                         WHERE d.status = 'pending' AND e.account_id = '%s'
                        """
                            .formatted(tenant.account()))
                    == 0);
  }

  /** Returns status and attempts of the only delivery of a key. */
  private static String status(String keyId) {
    return text(keyId, "status || ' ' || attempts");
  }

  /** Returns a column of the only delivery of a key, or of its last attempt. */
  private static String text(String keyId, String column) {
    try (Connection connection = database.connect();
        var statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                """
                SELECT string_agg((%s)::text, ';') FROM webhook_deliveries AS d
                  LEFT JOIN webhook_attempts AS a
                    ON a.delivery_id = d.id AND a.claim = (SELECT max(claim) FROM webhook_attempts
                                                            WHERE delivery_id = d.id)
                 WHERE d.key_id = '%s'
                """
                    .formatted(column, keyId))) {
      row.next();
      return String.valueOf(row.getString(1));
    } catch (SQLException failed) {
      throw new IllegalStateException(failed);
    }
  }

  private JsonObject event(String name, JsonObject data) {
    return new JsonObject()
        .put("account_id", tenant.account().toString())
        .put("event", name)
        .put("data", data);
  }

  private JsonObject published(String name, JsonObject data) {
    HttpResponse<String> answer = publish(event(name, data).encode());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
    return new JsonObject(answer.body());
  }

  private static HttpResponse<String> publish(String body, String... headers) {
    List<String> all = new ArrayList<>(List.of("Authorization", "Bearer " + TOKEN));
    all.addAll(List.of(headers));
    return gateway.postOps("/_maglatch/events", body, all.toArray(String[]::new));
  }

  private Hook only(String event) {
    await().until(() -> !hooks(receiver, event).isEmpty());
    assertThat(hooks(receiver, event)).hasSize(1);
    return hooks(receiver, event).get(0);
  }

  private static List<Hook> hooks(HookReceiver receiver, String event) {
    return receiver.hooks.stream()
        .filter(hook -> new JsonObject(hook.body()).getString("event").equals(event))
        .toList();
  }

  private JsonObject manage(String action, String... members) {
    JsonObject command = new JsonObject().put("action", action);
    for (int i = 0; i < members.length; i += 2) {
      command.put(members[i], members[i + 1]);
    }
    HttpResponse<String> answer =
        gateway.post(ROUTE, command.encode(), "Authorization", "Bearer " + key);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return new JsonObject(answer.body());
  }
}
