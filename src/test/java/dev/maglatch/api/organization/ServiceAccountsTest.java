// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import static dev.maglatch.api.organization.OrganizationServer.assertConfirmed;
import static dev.maglatch.api.organization.OrganizationServer.assertDone;
import static dev.maglatch.api.organization.OrganizationServer.assertError;
import static dev.maglatch.api.organization.OrganizationServer.assertUnconfirmed;
import static dev.maglatch.api.organization.OrganizationServer.data;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.manage.AccountRecord;
import dev.maglatch.manage.Role;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The service accounts of section 4 of the wire contract, and what their keys may do. */
class ServiceAccountsTest {
  private static final String ROBOT =
      "{\"name\":\"robot\",\"permissions\":[\"deploy\",\"read:logs\"]}";

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
  void createAnswersExactlyTheServiceAccount() {
    HttpResponse<String> answer = api.post(owner, "/service-accounts", ROBOT);

    JsonObject made = data(answer);
    assertThat(made.fieldNames())
        .containsExactlyInAnyOrder(
            "createdAt",
            "createdBy",
            "description",
            "disabledAt",
            "id",
            "name",
            "organizationId",
            "permissions",
            "status",
            "updatedAt");
    assertThat(made.getString("status")).isEqualTo("active");
    assertThat(made.getJsonArray("permissions")).containsExactly("deploy", "read:logs");
    assertThat(made.getString("createdBy")).isEqualTo(account.id().toString());
    assertThat(made.getString("organizationId")).isEqualTo(account.organizationId().toString());
    assertThat(made.getValue("description")).isNull();
    assertThat(made.getValue("disabledAt")).isNull();
    assertUnconfirmed(answer);
    assertThat(data(api.get(owner, path(made)))).isEqualTo(made);
    assertThat(api.audit(made.getString("id"))).containsExactly("service_account.created");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{}",
        "{'name':'x'}",
        "{'permissions':[]}",
        "{'name':'','permissions':[]}",
        "{'name':7,'permissions':[]}",
        "{'name':'x','permissions':null}",
        "{'name':'x','permissions':'all'}",
        "{'name':'x','permissions':[7]}",
        "{'name':'x','permissions':[null]}",
        "{'name':'x','permissions':['']}",
        "{'name':'x','permissions':['a,b']}",
        "{'name':'x','permissions':['a\\nb']}",
        "{'name':'x','permissions':['\\ud800']}",
        "{'name':'x','permissions':[],'description':7}"
      })
  void badCreateIsRefused(String body) {
    assertError(api.post(owner, "/service-accounts", body.replace('\'', '"')), 400);
  }

  @RepeatedTest(3)
  void nameIsUniqueInItsOrganization() {
    List<HttpResponse<String>> answers = api.many(10, owner, "POST", "/service-accounts", ROBOT);

    assertThat(answers).filteredOn(answer -> answer.statusCode() == 200).hasSize(1);
    assertThat(answers)
        .filteredOn(answer -> answer.statusCode() != 200)
        .hasSize(9)
        .allSatisfy(answer -> assertError(answer, 409));
    data(api.post(api.plane.session(api.plane.account()), "/service-accounts", ROBOT));
  }

  @Test
  void listIsPagedNewestFirst() {
    JsonObject first = make("first");
    JsonObject second = make("second");

    JsonObject page = data(api.get(owner, "/service-accounts?limit=1"));

    assertThat(page.getJsonArray("items")).containsExactly(second);
    assertThat(page.getBoolean("hasMore")).isTrue();
    assertThat(data(api.get(owner, "/service-accounts?offset=1")).getJsonArray("items"))
        .containsExactly(first);
  }

  @Test
  void patchChangesWhatIsThereAndNothingElse() {
    JsonObject made = make("before");
    make("taken");

    HttpResponse<String> answer =
        api.send(owner, "PATCH", path(made), "{\"description\":\"d\",\"permissions\":[\"only\"]}");

    assertThat(data(answer).getString("name")).isEqualTo("before");
    assertThat(data(answer).getString("description")).isEqualTo("d");
    assertThat(data(answer).getJsonArray("permissions")).containsExactly("only");
    assertConfirmed(answer);
    assertError(api.send(owner, "PATCH", path(made), "{\"name\":\"taken\"}"), 409);
    for (String body :
        List.of(
            "{\"name\":null}",
            "{\"permissions\":null}",
            "{\"permissions\":\"x\"}",
            "{\"x\":1}",
            "")) {
      assertError(api.send(owner, "PATCH", path(made), body), 400);
    }
    assertThat(data(api.get(owner, path(made)))).isEqualTo(data(answer));
    assertThat(api.audit(made.getString("id")))
        .containsExactly("service_account.created", "service_account.updated");
  }

  @Test
  void disablingStopsAllKeysUntilEnabledAgain() {
    JsonObject made = make("robot");
    JsonObject key = keyOf(made, "read");
    assertThat(key.getValue("userId")).isNull();
    assertThat(key.getString("createdBy")).isEqualTo(account.id().toString());
    JsonObject who = data(api.get(key.getString("key"), "/whoami"));
    assertThat(who.getString("serviceAccountId")).isEqualTo(made.getString("id"));
    assertThat(who.getValue("accountId")).isNull();

    HttpResponse<String> disabled = api.post(owner, path(made) + "/disable", "");
    HttpResponse<String> again = api.send(owner, "POST", path(made) + "/disable", null);

    assertThat(data(disabled).getString("status")).isEqualTo("disabled");
    assertThat(data(disabled).getString("disabledAt")).isNotNull();
    assertConfirmed(disabled);
    assertThat(data(again)).isEqualTo(data(disabled));
    assertConfirmed(again);
    assertThat(api.confirmed).contains(UUID.fromString(made.getString("id")));
    assertError(api.get(key.getString("key"), "/whoami"), 401);
    assertError(api.post(owner, "/api-keys", keyBody(made, "read")), 400);

    HttpResponse<String> enabled = api.post(owner, path(made) + "/enable", "{}");
    assertThat(data(enabled).getString("status")).isEqualTo("active");
    assertThat(data(enabled).getValue("disabledAt")).isNull();
    data(api.get(key.getString("key"), "/whoami"));
    assertThat(api.audit(made.getString("id")))
        .containsExactly(
            "service_account.created", "service_account.disabled", "service_account.enabled");
  }

  @Test
  void serviceAccountOfAnotherOrganizationIsUnknown() {
    JsonObject made = make("robot");
    String stranger = api.plane.session(api.plane.account());

    assertUnknown(stranger, path(made));
    assertUnknown(owner, "/service-accounts/" + UUID.randomUUID());
    assertUnknown(owner, "/service-accounts/not-a-uuid");
    assertError(api.post(stranger, "/api-keys", keyBody(made, "read")), 400);
  }

  private static void assertUnknown(String token, String path) {
    assertError(api.get(token, path), 404);
    assertError(api.send(token, "PATCH", path, "{\"name\":\"x\"}"), 404);
    assertError(api.post(token, path + "/disable", ""), 404);
    assertError(api.post(token, path + "/enable", ""), 404);
  }

  @Test
  void membersReadServiceAccountsOnly() {
    JsonObject made = make("robot");
    String member = api.plane.session(api.plane.account(account.organizationId(), Role.MEMBER));

    assertThat(data(api.get(member, path(made)))).isEqualTo(made);
    assertError(api.post(member, "/service-accounts", ROBOT), 403);
    assertError(api.send(member, "PATCH", path(made), "{\"name\":\"x\"}"), 403);
    assertError(api.post(member, path(made) + "/disable", ""), 403);
    assertError(api.post(member, "/api-keys", keyBody(made, "read")), 403);
  }

  @Test
  void keyOfAServiceAccountReachesTheKeysOfItsServiceAccountAlone() {
    JsonObject made = make("robot");
    JsonObject other = make("other");
    JsonObject key = keyOf(made, "read-write");
    String token = key.getString("key");
    JsonObject ofOther = keyOf(other, "read");

    JsonObject child = data(api.post(token, "/api-keys", "{\"name\":\"child\"}"));

    assertThat(child.getString("serviceAccountId")).isEqualTo(made.getString("id"));
    assertThat(child.getString("createdBy")).isEqualTo(account.id().toString());
    assertThat(data(api.get(token, "/api-keys")).getJsonArray("items")).hasSize(2);
    assertThat(data(api.get(owner, "/api-keys")).getJsonArray("items")).hasSize(3);
    assertError(api.get(token, "/api-keys/" + ofOther.getString("id")), 404);
    assertError(api.post(token, "/api-keys", keyBody(other, "read")), 403);
    assertError(api.post(token, "/service-accounts", ROBOT), 403);
    assertError(api.get(token, "/audit"), 403);
    assertDone(api.send(token, "DELETE", "/api-keys/" + child.getString("id"), null));
    assertThat(
            data(api.post(token, "/api-keys/" + key.getString("id") + "/rotate", ""))
                .getString("serviceAccountId"))
        .isEqualTo(made.getString("id"));
  }

  private JsonObject make(String name) {
    return data(
        api.post(
            owner, "/service-accounts", "{\"name\":\"" + name + "\",\"permissions\":[\"p\"]}"));
  }

  private JsonObject keyOf(JsonObject serviceAccount, String scope) {
    return data(api.post(owner, "/api-keys", keyBody(serviceAccount, scope)));
  }

  private static String keyBody(JsonObject serviceAccount, String scope) {
    return new JsonObject()
        .put("name", "key")
        .put("scope", scope)
        .put("serviceAccountId", serviceAccount.getString("id"))
        .encode();
  }

  private static String path(JsonObject serviceAccount) {
    return "/service-accounts/" + serviceAccount.getString("id");
  }
}
