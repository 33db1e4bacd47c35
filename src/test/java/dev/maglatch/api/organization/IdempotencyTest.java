// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import static dev.maglatch.api.organization.OrganizationServer.assertConfirmed;
import static dev.maglatch.api.organization.OrganizationServer.assertError;
import static dev.maglatch.api.organization.OrganizationServer.data;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.manage.AccountRecord;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** {@code Idempotency-Key} on the create route of section 4 of the wire contract. */
class IdempotencyTest {
  private static final String BODY = "{\"name\":\"once\"}";

  private static OrganizationServer api;

  private AccountRecord account;
  private String owner;

  @BeforeAll
  static void start() {
    api = new OrganizationServer();
  }

  @AfterAll
  static void stop() {
    api.close();
  }

  @BeforeEach
  void signIn() {
    account = api.plane.account();
    owner = api.plane.session(account);
  }

  @Test
  void replayOfAnUnusedKeyReplacesItsToken() {
    HttpResponse<String> first = create("a", BODY);
    HttpResponse<String> second = create("a", BODY);

    assertThat(first.headers().firstValue("Idempotency-Replayed")).isEmpty();
    assertThat(second.headers().firstValue("Idempotency-Replayed")).hasValue("true");
    assertConfirmed(second);
    JsonObject replayed = data(second);
    String token = replayed.getString("key");
    assertThat(replayed.getString("id")).isEqualTo(data(first).getString("id"));
    assertThat(replayed.fieldNames()).isEqualTo(data(first).fieldNames());
    assertThat(replayed.getString("keyPrefix")).isEqualTo(token.substring(0, 8));
    assertError(api.get(data(first).getString("key"), "/whoami"), 401);
    data(api.get(token, "/whoami"));
    assertThat(api.audit(replayed.getString("id")))
        .containsExactly("api_key.created", "api_key.token_replaced");
  }

  @Test
  void replayOfAUsedKeyIsAConflictAndLeavesIt() {
    JsonObject made = data(create("a", BODY));
    api.plane
        .server()
        .execute(
            "INSERT INTO key_usage (key_id, last_used_at) VALUES ('%s', now())"
                .formatted(made.getString("id")));

    assertError(create("a", BODY), 409);
    data(api.get(made.getString("key"), "/whoami"));
  }

  @Test
  void replayOfARevokedKeyIsAConflict() {
    JsonObject made = data(create("a", BODY));
    api.send(owner, "DELETE", "/api-keys/" + made.getString("id"), null);

    assertError(create("a", BODY), 409);
  }

  @Test
  void otherBodyIsRefusedAndOtherNamesAndCredentialsAreFree() {
    String id = data(create("a", BODY)).getString("id");
    String other = api.plane.session(api.plane.account());

    assertError(create("a", "{\"name\":\"twice\"}"), 422);
    assertThat(data(create("b", BODY)).getString("id")).isNotEqualTo(id);
    assertThat(data(create(other, "a", BODY)).getString("id")).isNotEqualTo(id);
  }

  @Test
  void refusedCallIsNotKept() {
    assertError(create("a", "{\"name\":\"\"}"), 400);
    data(create("a", BODY));
  }

  @Test
  void nameIsForgottenAfterADay() {
    String id = data(create("a", BODY)).getString("id");
    api.plane
        .server()
        .execute("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'");

    assertThat(data(create("a", "{\"name\":\"anew\"}")).getString("id")).isNotEqualTo(id);
  }

  @Test
  void nameMustBeVisibleAscii() {
    assertError(create("x".repeat(256), BODY), 400);
    assertError(create("a b", BODY), 400);
    data(create("x".repeat(255), BODY));
  }

  @Test
  void firstCallThatStillRunsIsAConflict() throws SQLException {
    try (Connection holder = api.plane.server().connect()) {
      holder.setAutoCommit(false);
      holder
          .createStatement()
          .execute("SELECT id FROM accounts WHERE id = '" + account.id() + "' FOR UPDATE");
      CompletableFuture<HttpResponse<String>> first = later("a", BODY);
      CompletableFuture<HttpResponse<String>> second = later("a", BODY);

      @SuppressWarnings("unchecked")
      HttpResponse<String> refused =
          (HttpResponse<String>) CompletableFuture.anyOf(first, second).join();
      holder.rollback();

      assertError(refused, 409);
      data((refused == first.join() ? second : first).join());
    }
  }

  @RepeatedTest(3)
  void ofManyCallsOneKeyIsLeft() {
    List<CompletableFuture<HttpResponse<String>>> calls = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      calls.add(later("a", BODY));
    }

    assertThat(calls.stream().map(CompletableFuture::join))
        .allSatisfy(answer -> assertThat(answer.statusCode()).isIn(200, 409));
    assertThat(data(api.get(owner, "/api-keys")).getJsonArray("items")).hasSize(1);
  }

  private CompletableFuture<HttpResponse<String>> later(String key, String body) {
    return api.server.sendLater(
        "POST", "/v1/api-keys", body, "Authorization", "Bearer " + owner, "Idempotency-Key", key);
  }

  private HttpResponse<String> create(String key, String body) {
    return create(owner, key, body);
  }

  private static HttpResponse<String> create(String token, String key, String body) {
    return api.server.send(
        "POST", "/v1/api-keys", body, "Authorization", "Bearer " + token, "Idempotency-Key", key);
  }
}
