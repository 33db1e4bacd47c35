// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import static dev.maglatch.api.organization.OrganizationServer.assertConfirmed;
import static dev.maglatch.api.organization.OrganizationServer.assertDone;
import static dev.maglatch.api.organization.OrganizationServer.assertError;
import static dev.maglatch.api.organization.OrganizationServer.assertUnconfirmed;
import static dev.maglatch.api.organization.OrganizationServer.data;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.Await;
import dev.maglatch.api.ApiServer;
import dev.maglatch.api.FakeCredentials;
import dev.maglatch.http.Cors;
import dev.maglatch.key.KeyKind;
import dev.maglatch.manage.AccountRecord;
import dev.maglatch.manage.Actor;
import dev.maglatch.manage.KeyReach;
import dev.maglatch.manage.KeyRecord;
import dev.maglatch.manage.KeyWebhook;
import dev.maglatch.manage.Role;
import dev.maglatch.secret.Secret;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The keys of section 4 of the wire contract. */
class OrganizationKeysTest {
  private static final Set<String> CREATED_FIELDS =
      Set.of(
          "createdAt",
          "createdBy",
          "description",
          "expiresAt",
          "id",
          "key",
          "keyPrefix",
          "lastUsedAt",
          "lastUsedIp",
          "lastUsedUserAgent",
          "name",
          "organizationId",
          "revokedAt",
          "scope",
          "serviceAccountId",
          "userId");
  private static final Set<String> SHOWN_FIELDS = shownFields();
  private static final String TIME = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?Z";
  private static final String UNKNOWN_ID = "00000000-0000-4000-8000-000000000000";

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
  void createAnswersExactlySixteenFields() {
    HttpResponse<String> answer = api.post(owner, "/api-keys", "{\"name\":\" CI \"}");

    JsonObject key = data(answer);
    assertThat(key.fieldNames()).isEqualTo(CREATED_FIELDS);
    assertThat(key.getString("key")).matches("mgp_[0-9a-f]{40}");
    assertThat(key.getString("keyPrefix")).isEqualTo(key.getString("key").substring(0, 8));
    assertThat(key.getString("name")).isEqualTo("CI");
    assertThat(key.getString("scope")).isEqualTo("read");
    assertThat(key.getString("createdAt")).matches(TIME);
    assertThat(key.getString("organizationId")).isEqualTo(account.organizationId().toString());
    assertThat(key.getString("createdBy")).isEqualTo(account.id().toString());
    assertThat(key.getString("userId")).isEqualTo(account.id().toString());
    Stream.of("description", "expiresAt", "lastUsedAt", "revokedAt", "serviceAccountId")
        .forEach(field -> assertThat(key.getValue(field)).isNull());
    assertThat(answer.headers().firstValue("Cache-Control")).hasValue("no-store");
    assertThat(api.audit(key.getString("id"))).containsExactly("api_key.created");
  }

  @Test
  void createKeepsWhatWasGiven() {
    JsonObject made =
        create(
            """
            {"name":"full","description":"d é","expiresAt":"2099-12-31T23:59:59.5+02:00",
             "scope":"read-write","allowedIps":["10.0.0.0/8"]}
            """);

    assertThat(made.getString("description")).isEqualTo("d é");
    assertThat(made.getString("expiresAt")).isEqualTo("2099-12-31T21:59:59.500Z");
    assertThat(made.getString("scope")).isEqualTo("read-write");
    assertThat(show(made).getJsonArray("allowedIps")).containsExactly("10.0.0.0/8");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{",
        "{}",
        "{'name':null}",
        "{'name':''}",
        "{'name':' \u00a0 '}",
        "{'name':7}",
        "{'name':'a\\u0000b'}",
        "{'name':'\\ud800'}",
        "{'name':'n','description':7}",
        "{'name':'n','description':'\\u0000'}",
        "{'name':'n','scope':'write'}",
        "{'name':'n','scope':7}",
        "{'name':'n','expiresAt':'2020-01-01T00:00:00Z'}",
        "{'name':'n','expiresAt':'tomorrow'}",
        "{'name':'n','expiresAt':'2099-01-01'}",
        "{'name':'n','expiresAt':'2099-02-30T00:00:00Z'}",
        "{'name':'n','expiresAt':'2099-01-01T00:00:00'}",
        "{'name':'n','expiresAt':'2099-01-01T00:00Z'}",
        "{'name':'n','expiresAt':4102444800}",
        "{'name':'n','serviceAccountId':'00000000-0000-4000-8000-000000000000'}",
        "{'name':'n','serviceAccountId':'x'}",
        "{'name':'n','serviceAccountId':7}",
        "{'name':'n','allowedIps':['x']}"
      })
  void badCreateIsRefused(String body) {
    assertError(api.post(owner, "/api-keys", json(body)), 400);
  }

  @Test
  void listIsPagedNewestFirstWithoutTokens() {
    JsonObject first = create("{\"name\":\"first\"}");
    JsonObject second = create("{\"name\":\"second\"}");
    assertDone(delete(first));

    JsonObject one = data(api.get(owner, "/api-keys?limit=1"));
    JsonObject rest = data(api.get(owner, "/api-keys?limit=1&offset=1"));

    assertThat(one.fieldNames()).containsExactlyInAnyOrder("items", "limit", "offset", "hasMore");
    assertThat(one.getInteger("limit")).isEqualTo(1);
    assertThat(one.getBoolean("hasMore")).isTrue();
    JsonObject newest = one.getJsonArray("items").getJsonObject(0);
    assertThat(newest.fieldNames()).isEqualTo(SHOWN_FIELDS);
    assertThat(newest.getString("id")).isEqualTo(second.getString("id"));
    assertThat(rest.getBoolean("hasMore")).isFalse();
    assertThat(rest.getInteger("offset")).isEqualTo(1);
    assertThat(rest.getJsonArray("items").getJsonObject(0).getString("revokedAt")).matches(TIME);
    assertThat(data(api.get(owner, "/api-keys")).getInteger("limit")).isEqualTo(20);
    assertThat(data(api.get(owner, "/api-keys?offset=99")).getJsonArray("items")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=x",
        "limit=",
        "limit=1.5",
        "limit=99999999999999999999",
        "limit=9999999999",
        "offset=-1",
        "offset=x",
        "offset=9999999999"
      })
  void badPageIsRefused(String query) {
    assertError(api.get(owner, "/api-keys?" + query), 400);
    assertError(api.get(owner, "/service-accounts?" + query), 400);
    assertError(api.get(owner, "/audit?" + query), 400);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 99, 100})
  void pageHasOneToHundred(int limit) {
    JsonObject page = data(api.get(owner, "/api-keys?limit=" + limit));

    assertThat(page.getInteger("limit")).isEqualTo(limit);
  }

  @Test
  void otherKindsAndOrganizationsAreOutOfReach() {
    String stranger = api.plane.session(api.plane.account());
    String mgp = api.plane.key(account, KeyKind.MGP, "other kind").key().id().toString();
    String id = create("{\"name\":\"mine\"}").getString("id");

    for (String path : List.of("/api-keys/" + mgp, "/api-keys/" + UNKNOWN_ID, "/api-keys/x")) {
      assertOutOfReach(owner, path);
    }
    assertOutOfReach(stranger, "/api-keys/" + id);
    assertThat(data(api.get(stranger, "/api-keys")).getJsonArray("items")).isEmpty();
    assertThat(api.audit(id)).containsExactly("api_key.created");
  }

  private static void assertOutOfReach(String token, String path) {
    assertError(api.get(token, path), 404);
    assertError(api.send(token, "PATCH", path, "{\"name\":\"x\"}"), 404);
    assertError(api.post(token, path + "/rotate", "{}"), 404);
    HttpResponse<String> deleted = api.send(token, "DELETE", path, null);
    assertError(deleted, 404);
    assertUnconfirmed(deleted);
  }

  @Test
  void membersReachTheirOwnKeysAndOwnersAll() {
    AccountRecord member = api.plane.account(account.organizationId(), Role.MEMBER);
    String memberSession = api.plane.session(member);
    String owners = create("{\"name\":\"owner's\"}").getString("id");
    JsonObject made = data(api.post(memberSession, "/api-keys", "{\"name\":\"member's\"}"));

    assertThat(made.getString("createdBy")).isEqualTo(member.id().toString());
    assertOutOfReach(memberSession, "/api-keys/" + owners);
    assertThat(ids(memberSession)).containsExactly(made.getString("id"));
    assertThat(ids(owner)).containsExactly(made.getString("id"), owners);
    assertThat(show(made).getString("name")).isEqualTo("member's");
    assertDone(delete(made));
    assertError(api.get(memberSession, "/audit"), 403);
  }

  private static List<String> ids(String token) {
    return data(api.get(token, "/api-keys")).getJsonArray("items").stream()
        .map(item -> ((JsonObject) item).getString("id"))
        .toList();
  }

  @Test
  void patchChangesWhatIsThereAndNothingElse() {
    JsonObject key = create("{\"name\":\"before\",\"description\":\"kept\"}");

    HttpResponse<String> renamed = patch(key, "{\"name\":\"after\"}");
    HttpResponse<String> all =
        patch(
            key,
            """
            {"scope":"read-write","expiresAt":"2099-01-01T00:00:00Z",
             "allowedIps":["203.0.113.0/24","2001:db8::/32"],
             "rateLimit":{"limit":5,"windowSeconds":60}}
            """);
    HttpResponse<String> cleared =
        patch(
            key,
            "{\"description\":null,\"expiresAt\":null,\"allowedIps\":null,\"rateLimit\":null}");

    assertThat(data(renamed).fieldNames()).isEqualTo(SHOWN_FIELDS);
    assertThat(data(renamed).getString("name")).isEqualTo("after");
    assertThat(data(renamed).getString("description")).isEqualTo("kept");
    assertUnconfirmed(renamed);
    assertThat(data(all).getJsonArray("allowedIps"))
        .isEqualTo(new JsonArray().add("203.0.113.0/24").add("2001:db8::/32"));
    assertThat(data(all).getJsonObject("rateLimit").encode())
        .isEqualTo("{\"limit\":5,\"windowSeconds\":60}");
    assertThat(data(all).getString("scope")).isEqualTo("read-write");
    assertThat(data(all).getString("expiresAt")).isEqualTo("2099-01-01T00:00:00Z");
    assertConfirmed(all);
    Stream.of("description", "expiresAt", "allowedIps", "rateLimit")
        .forEach(field -> assertThat(data(cleared).getValue(field)).isNull());
    assertThat(data(cleared).getString("scope")).isEqualTo("read-write");
    assertThat(show(key)).isEqualTo(data(cleared));
    assertThat(api.audit(key.getString("id")))
        .containsExactly(
            "api_key.created", "api_key.updated", "api_key.updated", "api_key.updated");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{'colour':'blue'}",
        "{'name':'n','key':'x'}",
        "{'revokedAt':null}",
        "{'serviceAccountId':null}",
        "{'name':null}",
        "{'name':''}",
        "{'scope':null}",
        "{'scope':'all'}",
        "{'expiresAt':'2020-01-01T00:00:00Z'}",
        "{'allowedIps':'203.0.113.0/24'}",
        "{'allowedIps':[]}",
        "{'allowedIps':['x']}",
        "{'allowedIps':[null]}",
        "{'allowedIps':['203.0.113.0/33']}",
        "{'rateLimit':5}",
        "{'rateLimit':{}}",
        "{'rateLimit':{'limit':5}}",
        "{'rateLimit':{'limit':0,'windowSeconds':60}}",
        "{'rateLimit':{'limit':'5','windowSeconds':60}}",
        "{'rateLimit':{'limit':1.5,'windowSeconds':60}}",
        "{'rateLimit':{'limit':5,'windowSeconds':60,'burst':1}}",
        "{'rateLimit':{'limit':99999999999999999999,'windowSeconds':60}}"
      })
  void badPatchChangesNothing(String body) {
    JsonObject key = create("{\"name\":\"stays\"}");
    JsonObject before = show(key);

    assertError(patch(key, json(body)), 400);
    assertThat(show(key)).isEqualTo(before);
  }

  @ParameterizedTest
  @CsvSource({"99, 200", "100, 200", "101, 400"})
  void keyHasAtMostSoManyRanges(int ranges, int status) {
    JsonObject key = create("{\"name\":\"ranges\"}");
    String all = "'10.0.0.1'" + ",'10.0.0.1'".repeat(ranges - 1);

    assertThat(patch(key, json("{'allowedIps':[" + all + "]}")).statusCode()).isEqualTo(status);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 200",
    "0, 1, 400",
    "1, 0, 400",
    "2147483647, 2147483647, 200",
    "2147483648, 60, 400",
    "60, 2147483648, 400",
  })
  void limitAndWindowAreWholeNumbersFromOne(String limit, String window, int status) {
    JsonObject key = create("{\"name\":\"limit\"}");
    String rate = "{'limit':" + limit + ",'windowSeconds':" + window + "}";

    assertThat(patch(key, json("{'rateLimit':" + rate + "}")).statusCode()).isEqualTo(status);
  }

  @Test
  void revokedKeyIsNotPatched() {
    JsonObject key = create("{\"name\":\"over\"}");
    assertDone(delete(key));

    assertError(patch(key, "{\"name\":\"late\"}"), 404);
    assertError(rotate(key, "{}"), 404);
  }

  @Test
  void deletedKeyIsRefusedAtOnceAndTheAnswerSaysWhoKnows() {
    JsonObject key = create("{\"name\":\"doomed\"}");
    data(whoAmI(key));

    HttpResponse<String> deleted = delete(key);
    HttpResponse<String> again = delete(key);

    assertDone(deleted);
    assertConfirmed(deleted);
    assertError(again, 404);
    assertConfirmed(again);
    assertError(whoAmI(key), 401);
  }

  @RepeatedTest(3)
  void ofManyDeletesOneWins() {
    String id = create("{\"name\":\"wanted\"}").getString("id");

    List<HttpResponse<String>> answers = api.many(20, owner, "DELETE", "/api-keys/" + id, null);

    assertThat(answers).filteredOn(answer -> answer.statusCode() == 200).hasSize(1);
    assertThat(answers).filteredOn(answer -> answer.statusCode() == 404).hasSize(19);
    assertThat(api.audit(id)).containsExactly("api_key.created", "api_key.revoked");
  }

  @Test
  void rotateReplacesAtOnce() {
    JsonObject old = create("{\"name\":\"kept\",\"scope\":\"read-write\",\"description\":\"d\"}");
    patch(old, "{\"allowedIps\":[\"127.0.0.1\"],\"rateLimit\":{\"limit\":9,\"windowSeconds\":1}}");

    HttpResponse<String> answer = rotate(old, null);

    JsonObject next = data(answer);
    assertThat(next.fieldNames()).isEqualTo(CREATED_FIELDS);
    assertThat(next.getString("id")).isNotEqualTo(old.getString("id"));
    assertThat(next.getString("name")).isEqualTo("kept");
    assertThat(next.getString("description")).isEqualTo("d");
    assertThat(show(next).getJsonArray("allowedIps")).containsExactly("127.0.0.1");
    assertThat(show(next).getJsonObject("rateLimit").getInteger("limit")).isEqualTo(9);
    assertConfirmed(answer);
    assertError(whoAmI(old), 401);
    data(whoAmI(next));
    assertThat(show(old).getString("revokedAt")).matches(TIME);
    assertError(rotate(old, "{}"), 404);
    assertThat(api.audit(old.getString("id"))).contains("api_key.rotated");
    assertThat(api.audit(next.getString("id"))).containsExactly("api_key.created");
  }

  @Test
  void rotateWithGraceLeavesTheOldKeyGoodUntilThen() {
    JsonObject old = create("{\"name\":\"grace\"}");

    JsonObject next = data(rotate(old, "{\"gracePeriodSeconds\":604800}"));

    data(whoAmI(old));
    data(whoAmI(next));
    assertThat(show(old).getValue("revokedAt")).isNull();
    assertError(rotate(old, "{}"), 404);
    api.plane
        .server()
        .execute(
            "UPDATE api_keys SET revoke_after = now() - interval '1 second' WHERE id = '"
                + old.getString("id")
                + "'");
    assertError(whoAmI(old), 401);
    assertThat(show(old).getString("revokedAt")).matches(TIME);
  }

  @Test
  void keyInItsGracePeriodMayStillBeDeleted() {
    JsonObject old = create("{\"name\":\"grace\"}");
    data(rotate(old, "{\"gracePeriodSeconds\":3600}"));

    assertDone(delete(old));
    assertError(whoAmI(old), 401);
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "604801", "1.5", "'1'", "true", "{}", "[]", "1e99"})
  void badGraceIsRefused(String seconds) {
    JsonObject key = create("{\"name\":\"stays\"}");

    assertError(rotate(key, json("{'gracePeriodSeconds':" + seconds + "}")), 400);
    assertError(rotate(key, "[]"), 400);
  }

  @Test
  void webhookAndItsSecretMoveWithARotation() {
    JsonObject old = create("{\"name\":\"hooked\"}");
    UUID id = UUID.fromString(old.getString("id"));
    KeyReach reach = new KeyReach(KeyKind.ORG, account.organizationId(), null);
    Secret secret =
        Await.result(api.plane.keys().setWebhook(reach, id, "https://example.com/", Actor.OPERATOR))
            .secret();

    UUID next = UUID.fromString(data(rotate(old, "{}")).getString("id"));

    KeyRecord moved = Await.result(api.plane.keys().find(reach, next));
    assertThat(moved.webhook()).extracting(KeyWebhook::url).isEqualTo("https://example.com/");
    assertThat(api.plane.keys().webhookSecret(moved)).isNotNull().isEqualTo(secret);
    assertThat(Await.result(api.plane.keys().find(reach, id)).webhook()).isNull();
  }

  /** Whoever comes first wins: a revoked key has no successor, a rotated one was not revoked. */
  @RepeatedTest(10)
  void rotateAgainstRevokeLeavesOneOutcome() {
    JsonObject key = create("{\"name\":\"contested\"}");
    String path = "/v1/api-keys/" + key.getString("id");
    String[] credential = {"Authorization", "Bearer " + owner};

    CompletableFuture<HttpResponse<String>> rotation =
        api.server.sendLater("POST", path + "/rotate", "{}", credential);
    CompletableFuture<HttpResponse<String>> revocation =
        api.server.sendLater("DELETE", path, null, credential);

    boolean rotated = rotation.join().statusCode() == 200;
    assertThat(revocation.join().statusCode()).isEqualTo(rotated ? 404 : 200);
    assertThat(rotation.join().statusCode()).isEqualTo(rotated ? 200 : 404);
    assertError(whoAmI(key), 401);
    assertThat(api.audit(key.getString("id")))
        .containsExactly("api_key.created", rotated ? "api_key.rotated" : "api_key.revoked");
  }

  @RepeatedTest(3)
  void ofManyRotationsOneWins() {
    String id = create("{\"name\":\"wanted\"}").getString("id");

    List<HttpResponse<String>> answers =
        api.many(20, owner, "POST", "/api-keys/" + id + "/rotate", "{\"gracePeriodSeconds\":60}");

    assertThat(answers).filteredOn(answer -> answer.statusCode() == 200).hasSize(1);
    assertThat(answers).filteredOn(answer -> answer.statusCode() == 404).hasSize(19);
    assertThat(ids(owner)).hasSize(2);
  }

  @Test
  void leakedTokenIsRevokedByWhoeverKnowsIt() {
    JsonObject owned = create("{\"name\":\"leaked\"}");
    JsonObject held = create("{\"name\":\"reads only\"}");
    JsonObject found = create("{\"name\":\"found\"}");
    String finder = api.plane.session(api.plane.account());

    HttpResponse<String> byOwner = revokeToken(owner, owned.getString("key"));
    HttpResponse<String> again = revokeToken(owner, owned.getString("key"));

    assertDone(byOwner);
    assertConfirmed(byOwner);
    assertError(again, 404);
    assertConfirmed(again);
    assertDone(revokeToken(held.getString("key"), held.getString("key")));
    assertDone(revokeToken(finder, found.getString("key")));
    for (JsonObject key : List.of(owned, held, found)) {
      assertError(whoAmI(key), 401);
    }
  }

  @Test
  void keyThatOnlyReadsEndsNoOther() {
    JsonObject reader = create("{\"name\":\"reader\"}");
    JsonObject other = create("{\"name\":\"other\"}");

    assertError(revokeToken(reader.getString("key"), other.getString("key")), 403);
    data(whoAmI(other));
  }

  @Test
  void tokenThatIsNobodysOrOfAnotherKindIsNotFound() {
    String mgp = api.plane.key(account, KeyKind.MGP, "other kind").token().reveal();

    for (String token : List.of(mgp, "mgp_" + "0".repeat(40), "junk", "\0")) {
      assertError(revokeToken(owner, token), 404);
    }
    for (String body : List.of("{}", "{'token':null}", "{'token':''}", "{'token':7}", "[]", "")) {
      assertError(api.post(owner, "/api-keys/revoke", json(body)), 400);
    }
  }

  @Test
  void keyOfScopeReadOnlyReads() {
    String reader = create("{\"name\":\"reader\"}").getString("key");
    String path = "/api-keys/" + create("{\"name\":\"other\"}").getString("id");

    data(api.get(reader, "/api-keys"));
    data(api.get(reader, path));
    data(api.get(reader, "/service-accounts"));
    for (HttpResponse<String> answer :
        List.of(
            api.post(reader, "/api-keys", "{\"name\":\"n\"}"),
            api.send(reader, "PATCH", path, "{\"name\":\"n\"}"),
            api.post(reader, path + "/rotate", "{}"),
            api.send(reader, "DELETE", path, null),
            api.post(reader, "/service-accounts", "{}"))) {
      assertError(answer, 403);
      assertThat(answer.headers().firstValue("WWW-Authenticate").orElse(""))
          .contains("insufficient_scope");
    }
  }

  @Test
  void keyOfScopeReadWriteActsAsItsAccount() {
    JsonObject writer = create("{\"name\":\"writer\",\"scope\":\"read-write\"}");

    JsonObject made = data(api.post(writer.getString("key"), "/api-keys", "{\"name\":\"made\"}"));

    assertThat(made.getString("createdBy")).isEqualTo(account.id().toString());
    assertDone(
        api.send(writer.getString("key"), "DELETE", "/api-keys/" + made.getString("id"), null));
    assertThat(
            api.plane.rows(
                "SELECT DISTINCT credential FROM audit WHERE entity_id = '%s'"
                    .formatted(made.getString("id"))))
        .containsExactly("key:" + writer.getString("id"));
  }

  @Test
  void expiredKeyIsRefused() {
    JsonObject key = create("{\"name\":\"x\",\"expiresAt\":\"2099-01-01T00:00:00Z\"}");
    data(whoAmI(key));

    api.plane
        .server()
        .execute(
            "UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE id = '"
                + key.getString("id")
                + "'");

    assertError(whoAmI(key), 401);
    assertError(rotate(key, "{}"), 404);
    assertThat(Instant.parse(show(key).getString("expiresAt"))).isBefore(Instant.now());
  }

  @Test
  void withoutAGoodCredentialTheAnswerIsUnauthorized() {
    String mgp = api.plane.key(account, KeyKind.MGP, "mgp").token().reveal();
    String mp = api.plane.key(account, KeyKind.MP, "mp").token().reveal();

    for (String path :
        List.of("/api-keys", "/api-keys/x", "/service-accounts", "/service-accounts/x", "/audit")) {
      for (String token : List.of(mgp, mp, "mgp_" + "0".repeat(40), "eyJ.no.session")) {
        HttpResponse<String> answer = api.get(token, path);
        assertError(answer, 401);
        assertThat(answer.headers().firstValue("WWW-Authenticate"))
            .hasValue("Bearer realm=\"maglatch\", error=\"invalid_token\"");
      }
    }
    for (String path : List.of("/api-keys", "/whoami")) {
      HttpResponse<String> missing = api.server.send("GET", "/v1" + path, null);
      assertError(missing, 401);
      assertThat(missing.headers().firstValue("WWW-Authenticate"))
          .hasValue("Bearer realm=\"maglatch\"");
    }
  }

  @Test
  void undecidedIs503() {
    try (ApiServer undecided =
        ApiServer.start(
            api.plane.vertx(),
            OrganizationRoutes.endpoints(
                "/o",
                new FakeCredentials(),
                new Cors(List.of(), null),
                new UseCases(
                    api.plane.keys(),
                    api.plane.serviceAccounts(),
                    api.plane.audit(),
                    api.plane.deliveries(),
                    Future::succeededFuture,
                    InstantSource.system())))) {
      HttpResponse<String> answer =
          undecided.send(
              "GET", "/o/api-keys", null, "Authorization", "Bearer " + FakeCredentials.UNDECIDED);

      assertError(answer, 503);
      assertThat(answer.headers().firstValue("Retry-After")).isPresent();
    }
  }

  @Test
  void otherMethodsAndLargeBodiesAreRefused() {
    HttpResponse<String> put = api.send(owner, "PUT", "/api-keys", "{}");
    assertError(put, 405);
    assertThat(put.headers().firstValue("Allow")).hasValue("GET, HEAD, OPTIONS, POST");
    assertError(api.get(owner, "/api-keys/" + UNKNOWN_ID + "/rotate"), 405);
    assertError(api.post(owner, "/whoami", "{}"), 405);
    assertError(api.post(owner, "/api-keys", "x".repeat(1_000_000)), 413);
    assertError(api.post(owner, "/api-keys", "{\"name\":" + "[".repeat(20_000)), 400);
  }

  @Test
  void whoAmIKnowsEveryKindOfCredential() {
    JsonObject organizationKey = create("{\"name\":\"me\",\"scope\":\"read-write\"}");
    var mgp = api.plane.key(account, KeyKind.MGP, "mgp");
    var mp = api.plane.key(account, KeyKind.MP, "mp");

    assertThat(data(api.get(owner, "/whoami"))).isEqualTo(who(null, null, "session"));
    assertThat(data(whoAmI(organizationKey)))
        .isEqualTo(who(organizationKey.getString("id"), "read-write", "api-key"));
    assertThat(data(api.get(mgp.token().reveal(), "/whoami")))
        .isEqualTo(who(mgp.key().id().toString(), null, "api-key"));
    assertThat(data(api.get(mp.token().reveal(), "/whoami")))
        .isEqualTo(who(mp.key().id().toString(), "mcp:v1", "api-key"));
    assertThat(api.server.used()).contains(mp.key().id());
  }

  private JsonObject who(@Nullable String keyId, @Nullable String scope, String method) {
    return new JsonObject()
        .put("accountId", account.id().toString())
        .put("organizationId", account.organizationId().toString())
        .put("serviceAccountId", null)
        .put("keyId", keyId)
        .put("scope", scope)
        .put("method", method);
  }

  @Test
  void auditIsNewestFirstAndOfTheOrganizationAlone() {
    JsonObject key = create("{\"name\":\"audited\"}");
    delete(key);

    JsonObject page = data(api.get(owner, "/audit?limit=2"));
    JsonArray items = page.getJsonArray("items");

    assertThat(page.getBoolean("hasMore")).isTrue();
    assertThat(items.getJsonObject(0).fieldNames())
        .containsExactlyInAnyOrder(
            "id",
            "occurredAt",
            "actor",
            "credential",
            "address",
            "action",
            "entity",
            "entityId",
            "detail");
    assertThat(items.getJsonObject(0).getString("action")).isEqualTo("api_key.revoked");
    assertThat(items.getJsonObject(0).getString("actor")).isEqualTo(account.id().toString());
    assertThat(items.getJsonObject(0).getString("credential")).isEqualTo("session");
    assertThat(items.getJsonObject(0).getString("address")).isEqualTo("127.0.0.1");
    assertThat(items.getJsonObject(0).getString("entityId")).isEqualTo(key.getString("id"));
    assertThat(items.getJsonObject(0).getString("occurredAt")).matches(TIME);
    assertThat(items.getJsonObject(1).getString("action")).isEqualTo("api_key.created");
    String other = api.plane.session(api.plane.account());
    assertThat(api.get(other, "/audit").body()).doesNotContain(key.getString("id"));
  }

  private JsonObject create(String body) {
    return data(api.post(owner, "/api-keys", body));
  }

  private JsonObject show(JsonObject key) {
    JsonObject shown = data(api.get(owner, "/api-keys/" + key.getString("id")));
    assertThat(shown.fieldNames()).isEqualTo(SHOWN_FIELDS);
    return shown;
  }

  private HttpResponse<String> patch(JsonObject key, String body) {
    return api.send(owner, "PATCH", "/api-keys/" + key.getString("id"), body);
  }

  private HttpResponse<String> rotate(JsonObject key, @Nullable String body) {
    return api.send(owner, "POST", "/api-keys/" + key.getString("id") + "/rotate", body);
  }

  private HttpResponse<String> delete(JsonObject key) {
    return api.send(owner, "DELETE", "/api-keys/" + key.getString("id"), null);
  }

  private static HttpResponse<String> revokeToken(String credential, String token) {
    return api.post(credential, "/api-keys/revoke", new JsonObject().put("token", token).encode());
  }

  private static HttpResponse<String> whoAmI(JsonObject key) {
    return api.get(key.getString("key"), "/whoami");
  }

  private static String json(String withSingleQuotes) {
    return withSingleQuotes.replace('\'', '"');
  }

  private static Set<String> shownFields() {
    List<String> fields = new ArrayList<>(CREATED_FIELDS);
    fields.remove("key");
    fields.addAll(List.of("allowedIps", "rateLimit"));
    return Set.copyOf(fields);
  }
}
