// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.postgres.TestDatabase;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The organization dialect in a whole gateway: its cache, its sessions, its usage. */
class OrganizationJobTest {
  private static final String SIGN_IN =
      "{\"email\":\"owner@example.com\",\"password\":\"correct horse battery\"}";

  @Test
  void ownerManagesKeysAndServiceAccounts() {
    try (TestDatabase database = TestDatabase.create();
        EchoUpstream upstream = new EchoUpstream();
        TestGateway gateway =
            TestGateway.begin(
                    database.address(), upstream.url(), Map.of("MAGLATCH_SESSIONS_SIGNUP", "true"))
                .awaitReady()) {
      String session =
          new JsonObject(gateway.post("/auth/v1/signup", SIGN_IN).body()).getString("access_token");

      JsonObject robot =
          data(
              post(
                  gateway,
                  session,
                  "/service-accounts",
                  "{\"name\":\"r\",\"permissions\":[\"p\"]}"));
      String id = robot.getString("id");
      String body = "{\"name\":\"k\",\"serviceAccountId\":\"" + id + "\"}";
      JsonObject key = data(once(gateway, session, body));
      String token = key.getString("key");

      assertThat(data(whoAmI(gateway, token)).getString("serviceAccountId")).isEqualTo(id);
      assertThat(once(gateway, session, body).statusCode()).isEqualTo(409);
      assertThat(post(gateway, session, "/service-accounts/" + id + "/disable", "").statusCode())
          .isEqualTo(200);
      assertThat(whoAmI(gateway, token).statusCode()).isEqualTo(401);
      assertThat(post(gateway, session, "/service-accounts/" + id + "/enable", "").statusCode())
          .isEqualTo(200);
      assertThat(whoAmI(gateway, token).statusCode()).isEqualTo(200);
      String path = "/api-keys/" + key.getString("id") + "/rotate";
      JsonObject next = data(post(gateway, session, path, ""));
      assertThat(whoAmI(gateway, token).statusCode()).isEqualTo(401);
      assertThat(whoAmI(gateway, next.getString("key")).statusCode()).isEqualTo(200);
    }
  }

  private static HttpResponse<String> whoAmI(TestGateway gateway, String token) {
    return gateway.get("/v1/whoami", "Authorization", "Bearer " + token);
  }

  private static HttpResponse<String> once(TestGateway gateway, String token, String body) {
    return gateway.post(
        "/v1/api-keys", body, "Authorization", "Bearer " + token, "Idempotency-Key", "once");
  }

  private static HttpResponse<String> post(
      TestGateway gateway, String token, String path, String body) {
    return gateway.post("/v1" + path, body, "Authorization", "Bearer " + token);
  }

  private static JsonObject data(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return new JsonObject(answer.body()).getJsonObject("data");
  }
}
