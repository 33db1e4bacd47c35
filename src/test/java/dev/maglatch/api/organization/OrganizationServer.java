// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.api.ApiServer;
import dev.maglatch.api.ManagementPlane;
import dev.maglatch.http.Cors;
import dev.maglatch.manage.Confirmation;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The organization dialect over a real socket and a real database, and what its answers must be.
 */
final class OrganizationServer implements AutoCloseable {
  static final String CONFIRMATION = "confirmed=2/3; expired=1; ms=7";
  private static final String REVOCATION = "X-Maglatch-Revocation";

  final List<UUID> confirmed = new CopyOnWriteArrayList<>();
  final ManagementPlane plane =
      new ManagementPlane(
          id -> {
            confirmed.add(id);
            return Future.succeededFuture(new Confirmation(2, 3, 1, 7));
          });
  final ApiServer server =
      ApiServer.start(
          plane.vertx(),
          OrganizationRoutes.endpoints(
              OrganizationRoutes.DEFAULT_BASE,
              plane.verifier(),
              new Cors(List.of(), null),
              new UseCases(
                  plane.keys(),
                  plane.serviceAccounts(),
                  plane.audit(),
                  plane.deliveries(),
                  Future::succeededFuture,
                  InstantSource.system())));

  HttpResponse<String> send(String token, String method, String path, @Nullable String body) {
    return server.send(method, "/v1" + path, body, "Authorization", "Bearer " + token);
  }

  HttpResponse<String> get(String token, String path) {
    return send(token, "GET", path, null);
  }

  HttpResponse<String> post(String token, String path, String body) {
    return send(token, "POST", path, body);
  }

  List<HttpResponse<String>> many(
      int count, String token, String method, String path, @Nullable String body) {
    List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      all.add(server.sendLater(method, "/v1" + path, body, "Authorization", "Bearer " + token));
    }
    return all.stream().map(CompletableFuture::join).toList();
  }

  /** Returns the data of a success. */
  static JsonObject data(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    JsonObject envelope = new JsonObject(answer.body());
    assertThat(envelope.fieldNames())
        .containsExactlyInAnyOrder("code", "data", "message", "requestId");
    assertThat(envelope.getInteger("code")).isEqualTo(200);
    assertThat(envelope.getString("message")).isEqualTo("success");
    assertThat(answer.headers().firstValue("X-Request-Id"))
        .hasValue(envelope.getString("requestId"));
    return envelope.getJsonObject("data");
  }

  static void assertDone(HttpResponse<String> answer) {
    assertEnvelope(answer, 200);
    assertThat(new JsonObject(answer.body()).getString("message")).isEqualTo("success");
  }

  static void assertError(HttpResponse<String> answer, int status) {
    assertEnvelope(answer, status);
    assertThat(new JsonObject(answer.body()).getString("message")).isNotBlank();
  }

  private static void assertEnvelope(HttpResponse<String> answer, int status) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/json");
    JsonObject envelope = new JsonObject(answer.body());
    assertThat(envelope.fieldNames()).containsExactlyInAnyOrder("code", "message", "requestId");
    assertThat(envelope.getInteger("code")).isEqualTo(status);
    assertThat(answer.headers().firstValue("X-Request-Id"))
        .hasValue(envelope.getString("requestId"));
  }

  static void assertConfirmed(HttpResponse<String> answer) {
    assertThat(answer.headers().firstValue(REVOCATION)).hasValue(CONFIRMATION);
  }

  static void assertUnconfirmed(HttpResponse<String> answer) {
    assertThat(answer.headers().firstValue(REVOCATION)).isEmpty();
  }

  List<String> audit(String entityId) {
    return plane.rows("SELECT action FROM audit WHERE entity_id = '" + entityId + "' ORDER BY id");
  }

  @Override
  public void close() {
    server.close();
    plane.close();
  }
}
