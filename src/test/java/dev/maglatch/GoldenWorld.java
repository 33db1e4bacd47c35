// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.key.KeyKind;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.manage.AccountRecord;
import dev.maglatch.manage.Actor;
import dev.maglatch.manage.CreateAccount;
import dev.maglatch.manage.KeyReach;
import dev.maglatch.manage.KeySettings;
import dev.maglatch.manage.Role;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;

/**
 * What the names in golden files stand for: made when it is asked for, by the gateway's own routes,
 * and the same for one file. Every file has an account of its own, an owner.
 */
final class GoldenWorld {
  static final String EVENTS_TOKEN = "a-token-for-publishers-in-tests";
  static final String PASSWORD = "correct horse battery";
  private static final String MAGPIPE = "/functions/v1/manage-api-keys";

  /** Of the password, and cheap: hundreds of sign-ins are not what is tested. */
  private static final String HASH =
      "$pbkdf2-sha512$i=1$Z29sZGVuIHNhbHQgMDEyMw$wpXbw+ECFn/FIDPsHQ8sAYOCmyJ7mDUBd+SxS+2JO7E";

  private static final AtomicInteger NUMBERS = new AtomicInteger();

  private final TestGateway gateway;
  private final Management management;
  private final Map<String, String> values = new LinkedHashMap<>();
  private final Map<String, AccountRecord> accounts = new LinkedHashMap<>();
  private final int number = NUMBERS.incrementAndGet();
  private final String address = "198.51." + number / 250 + "." + (number % 250 + 1);

  GoldenWorld(TestGateway gateway, Management management) {
    this.gateway = gateway;
    this.management = management;
  }

  /** Returns what {@code name} stands for. */
  String value(String name) {
    String known = values.get(name);
    if (known == null) {
      known = make(name);
      values.put(name, known);
    }
    return known;
  }

  /** Returns {@code text} with names in the place of what they stand for. */
  String named(String text) {
    String named = text;
    for (Map.Entry<String, String> value : values.entrySet()) {
      if (value.getValue().length() > 5 && value.getValue().length() < 2_000) {
        named = named.replace(value.getValue(), "{{" + value.getKey() + "}}");
      }
    }
    return named;
  }

  private String make(String name) {
    return switch (name) {
      case "address", "guessing address", "limited address", "full address" -> address(name);
      case "password" -> PASSWORD;
      case "events token" -> EVENTS_TOKEN;
      case "account id" -> account("own").id().toString();
      case "65 kB" -> "x".repeat(66_000);
      case "forged" -> forged(0);
      case "forged mp" -> "mp_" + String.format("%042d", NUMBERS.incrementAndGet()) + "A";
      case "unknown id" -> "00000000-0000-4000-8000-000000000000";
      case "email" -> account("own").email();
      case "new email" -> "new" + number + "@example.com";
      case "session" -> session("own");
      case "member session" -> session("member");
      case "other session" -> session("other");
      case "over session" -> over();
      case "cookie" -> cookie();
      case "refresh token", "spent refresh token" -> refreshToken(name);
      case "mgp", "mgp id", "ten mgp" -> mgp(name);
      case "mp", "mp id", "ten mp" -> mp(name);
      case "bound mgp" -> bound("mgp", KeyKind.MGP);
      case "bound mp" -> bound("mp", KeyKind.MP);
      case "bound reader" -> bound("reader", KeyKind.ORG);
      case "hooked id" -> hooked();
      case "hook url" -> "https://k" + number + ".localhost/in";
      case "unhooked id" -> unhooked();
      case "delivery id" -> delivery().getString("id");
      case "reader", "reader id" -> organizationKey("reader", name, "read");
      case "writer", "writer id" -> organizationKey("writer", name, "read-write");
      case "revoked mgp", "revoked mp", "revoked org", "revoked mgp id", "revoked org id" ->
          revoked(name);
      case "service id" -> service("service");
      case "other service name" -> other();
      case "once", "used once" -> once(name);
      case "published once" -> publishedOnce();
      case "etag" -> etag(gateway.get("/_maglatch/docs/docs.js"));
      case "page etag" -> etag(gateway.get("/_maglatch/docs"));
      case "file etag" -> etag(gateway.get("/_maglatch/openapi.yaml"));
      case "ops page etag" -> etag(gateway.ops("/_maglatch/docs"));
      case "ops file etag" -> etag(gateway.ops("/_maglatch/openapi.yaml"));
      default -> throw new AssertionError("no such name: " + name);
    };
  }

  private AccountRecord account(String name) {
    AccountRecord known = accounts.get(name);
    AccountRecord account = known == null ? makeAccount(name) : known;
    accounts.put(name, account);
    return account;
  }

  private AccountRecord makeAccount(String name) {
    boolean member = name.equals("member");
    UUID organization = member ? account("own").organizationId() : null;
    CreateAccount command =
        new CreateAccount(
            name + number + "@example.com", HASH, organization, member ? Role.MEMBER : Role.OWNER);
    AccountRecord made =
        Await.result(management.accounts().create(command, Actor.OPERATOR)).account();
    assertThat(made).isNotNull();
    return made;
  }

  private JsonObject signIn(String name, String password) {
    JsonObject body =
        new JsonObject().put("email", account(name).email()).put("password", password);
    return json(post("/auth/v1/token?grant_type=password", body));
  }

  private String session(String name) {
    return signIn(name, PASSWORD).getString("access_token");
  }

  private String over() {
    String session = session("own");
    HttpResponse<String> done =
        gateway.post("/auth/v1/logout", "", "Authorization", "Bearer " + session);
    assertThat(done.statusCode()).isEqualTo(204);
    return session;
  }

  /** The spent one is of a family that is over, so that it is no repetition. */
  private String refreshToken(String name) {
    JsonObject grant = signIn("own", PASSWORD);
    String token = grant.getString("refresh_token");
    if (name.startsWith("spent")) {
      JsonObject body = new JsonObject().put("refresh_token", token);
      json(post("/auth/v1/token?grant_type=refresh_token", body));
      gateway.post(
          "/auth/v1/logout", "", "Authorization", "Bearer " + grant.getString("access_token"));
    }
    return token;
  }

  private String cookie() {
    JsonObject body =
        new JsonObject().put("email", account("own").email()).put("password", PASSWORD);
    return post("/auth/v1/session", body)
        .headers()
        .firstValue("Set-Cookie")
        .orElseThrow()
        .split(";", -1)[0];
  }

  private String mgp(String name) {
    String last = "";
    for (int i = 0; i < (name.startsWith("ten") ? 10 : 1); i++) {
      JsonObject body = new JsonObject().put("action", "generate").put("name", "laptop");
      JsonObject made = json(post(MAGPIPE, body, "Authorization", bearer("session")));
      last = pair("mgp", name, made.getString("key"), made.getString("id"));
    }
    return last;
  }

  /** A key that may be used from an address only that nobody here has. */
  private String bound(String key, KeyKind kind) {
    UUID id = UUID.fromString(value(key + " id"));
    KeyReach reach = new KeyReach(kind, account("own").organizationId(), null);
    assertThat(
            Await.result(management.keys().update(reach, id, GoldenWorld::bound, Actor.OPERATOR)))
        .isNotNull();
    return value(key);
  }

  private static KeySettings bound(KeySettings settings) {
    return new KeySettings(
        settings.name(),
        settings.description(),
        settings.scope(),
        settings.expiresAt(),
        new KeyPolicy(List.of("203.0.113.7"), null));
  }

  /** A key whose webhook is at a name that is never looked up, and that nothing is sent to. */
  private String hooked() {
    value("account id"); // is in what is sent
    JsonObject body =
        new JsonObject()
            .put("action", "generate")
            .put("name", "hooked")
            .put("webhook_url", value("hook url"));
    String id = json(post(MAGPIPE, body, "Authorization", bearer("session"))).getString("id");
    values.put("hooked id", id);
    Awaitility.await().until(() -> delivery().getInteger("attempts") == 1);
    return id;
  }

  private String unhooked() {
    String id = value("hooked id");
    value("delivery id");
    JsonObject body = new JsonObject().put("action", "update").put("key_id", id);
    json(post(MAGPIPE, body, "Authorization", bearer("session")));
    return id;
  }

  private JsonObject delivery() {
    String path = "/v1/api-keys/" + value("hooked id") + "/deliveries";
    JsonObject page = json(gateway.get(path, "Authorization", bearer("session")));
    JsonArray items = page.getJsonObject("data").getJsonArray("items");
    return items.isEmpty()
        ? new JsonObject().put("attempts", 0)
        : items.getJsonObject(items.size() - 1);
  }

  private String mp(String name) {
    String last = "";
    for (int i = 0; i < (name.startsWith("ten") ? 10 : 1); i++) {
      JsonObject body = new JsonObject().put("name", "laptop");
      JsonObject made = json(post("/api/v1/api-keys", body, "Cookie", value("cookie")));
      last = pair("mp", name, made.getString("token"), made.getJsonObject("key").getString("id"));
    }
    return last;
  }

  private String organizationKey(String key, String name, String scope) {
    JsonObject body = new JsonObject().put("name", key).put("scope", scope);
    JsonObject made =
        json(post("/v1/api-keys", body, "Authorization", bearer("session"))).getJsonObject("data");
    return pair(key, name, made.getString("key"), made.getString("id"));
  }

  private String revoked(String name) {
    String kind = name.split(" ", -1)[1];
    String key = kind.equals("org") ? "reader" : kind;
    String id = value(key + " id");
    HttpResponse<String> done =
        switch (kind) {
          case "mgp" ->
              post(
                  MAGPIPE,
                  new JsonObject().put("action", "revoke").put("key_id", id),
                  "Authorization",
                  bearer("session"));
          case "mp" -> delete("/api/v1/api-keys/" + id, "Cookie", value("cookie"));
          default -> delete("/v1/api-keys/" + id, "Authorization", bearer("session"));
        };
    assertThat(done.statusCode()).isEqualTo(200);
    return name.endsWith(" id") ? id : value(key);
  }

  private String pair(String key, String name, String token, String id) {
    values.put(key, token);
    values.put(key + " id", id);
    return name.endsWith(" id") ? id : token;
  }

  private String service(String name) {
    JsonObject body =
        new JsonObject().put("name", name).put("permissions", new JsonArray().add("p"));
    return json(post("/v1/service-accounts", body, "Authorization", bearer("session")))
        .getJsonObject("data")
        .getString("id");
  }

  private String other() {
    service("taken name");
    return "taken name";
  }

  /** An Idempotency-Key that made a key named once, whose token was used or not. */
  private String once(String name) {
    String once = "golden-" + number;
    JsonObject made =
        json(
            post(
                "/v1/api-keys",
                new JsonObject().put("name", "once"),
                "Authorization",
                bearer("session"),
                "Idempotency-Key",
                once));
    String token = made.getJsonObject("data").getString("key");
    if (name.startsWith("used")) {
      json(gateway.get("/v1/whoami", "Authorization", "Bearer " + token));
    }
    return once;
  }

  private String publishedOnce() {
    String once = "golden-" + number;
    JsonObject event =
        new JsonObject().put("account_id", value("account id")).put("event", "call.completed");
    HttpResponse<String> taken =
        gateway.postOps(
            "/_maglatch/events",
            event.encode(),
            "Authorization",
            "Bearer " + EVENTS_TOKEN,
            "Idempotency-Key",
            once);
    assertThat(taken.statusCode()).as(taken.body()).isEqualTo(202);
    return once;
  }

  /** An address of this file's own, from which nothing came before, or too much. */
  private String address(String name) {
    switch (name) {
      case "guessing address" -> guess();
      case "limited address" -> {
        for (int i = 0; i < 3; i++) {
          attempt("/auth/v1/token?grant_type=password", account("own").email(), "wrong");
        }
      }
      case "full address" -> {
        for (int i = 0; i < 9; i++) {
          attempt("/auth/v1/signup", account("own").email(), PASSWORD);
        }
      }
      default -> {}
    }
    return address;
  }

  private void attempt(String path, String email, String password) {
    JsonObject body = new JsonObject().put("email", email).put("password", password);
    HttpResponse<String> answer = post(path, body, "X-Forwarded-For", address);
    assertThat(answer.statusCode()).isIn(400, 422, 429);
  }

  /**
   * Spends this second's budget of {@link #address} for tokens without check bytes; the next one is
   * one more. Other addresses may have spent the budget of all: then a later second is taken.
   */
  void guess() {
    values.remove("forged");
    values.remove("forged mp");
    Awaitility.await()
        .pollDelay(Duration.ZERO)
        .until(this::guesses, answer -> answer.equals("\"guesses\";q=20;w=1"));
  }

  /** Guesses twenty times and once more; returns the policy that refused the last one, or "". */
  private String guesses() {
    for (int i = 0; i < 20; i++) {
      guessed(i);
    }
    return guessed(20).headers().firstValue("RateLimit-Policy").orElse("");
  }

  private HttpResponse<String> guessed(int i) {
    String guess = "Bearer " + forged(i);
    return gateway.get("/v1/whoami", "Authorization", guess, "X-Forwarded-For", address);
  }

  private static String forged(int i) {
    return "mgp_" + String.format("%040x", 1000L * NUMBERS.incrementAndGet() + i);
  }

  private String bearer(String name) {
    return "Bearer " + value(name);
  }

  private HttpResponse<String> delete(String path, String... headers) {
    return gateway.sendLater("DELETE", path, null, headers).join();
  }

  private HttpResponse<String> post(String path, JsonObject body, String... headers) {
    List<String> all = new ArrayList<>(List.of(headers));
    all.addAll(List.of("Content-Type", "application/json"));
    if (!all.contains("X-Forwarded-For")) {
      all.addAll(List.of("X-Forwarded-For", address)); // else the sign-ins of all files are one's
    }
    return gateway.post(path, body.encode(), all.toArray(String[]::new));
  }

  private static String etag(HttpResponse<String> answer) {
    return answer.headers().firstValue("ETag").orElseThrow();
  }

  private static JsonObject json(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isBetween(200, 201);
    return new JsonObject(answer.body());
  }
}
