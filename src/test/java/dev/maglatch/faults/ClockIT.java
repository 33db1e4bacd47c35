// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.faults;

import static dev.maglatch.faults.Lengths.SLACK;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.testing.PlainClient;
import dev.maglatch.testing.PlainClient.Answer;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Of three replicas one has a wall clock an hour fast, another an hour slow. What counts is the
 * database's (rule 9).
 */
@ExtendWith(SharedFleet.class)
final class ClockIT {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Duration LIFE = Duration.ofSeconds(12);
  private static final Duration A_MINUTE = Duration.ofMinutes(1);
  private static final long SESSION_SECONDS = 3_600;

  private static final String EXPIRE =
      "UPDATE api_keys SET expires_at = clock_timestamp() + interval '%d s' WHERE id = '%s'";

  /** Whether every use that was recorded is of this minute; null while there is none. */
  private static final String USED_NOW =
      """
      SELECT bool_and(abs(extract(epoch FROM last_used_at - clock_timestamp())) < 120)
        FROM key_usage WHERE key_id = '%s'
      """;

  @TempDir private Path folder;

  @AfterEach
  void endThoseWithOtherClocks(Fleet fleet) {
    fleet.replicas().forEach(GatewayJvm::kill);
  }

  @Test
  void clocksOneHourOffChangeNothing(Fleet fleet) throws Exception {
    ShiftedClock clock = ShiftedClock.compile(folder);
    restart(fleet.replica(0), clock.ahead(Duration.ZERO));
    restart(fleet.replica(1), clock.ahead(HOUR));
    restart(fleet.replica(2), clock.ahead(HOUR.negated()));
    fleet.replicas().forEach(GatewayJvm::awaitReady);
    assertThat(secondsAhead(fleet.replica(1))).isBetween(3_500.0, 3_700.0);
    assertThat(secondsAhead(fleet.replica(2))).isBetween(-3_700.0, -3_500.0);

    sessionsCountEverywhereForAnHour(fleet);
    usesAreDatedByTheDatabase(fleet);
    keysEndEverywhereAtTheirTime(fleet);
  }

  private static void sessionsCountEverywhereForAnHour(Fleet fleet) {
    for (GatewayJvm signedUpAt : fleet.replicas()) {
      long now = System.currentTimeMillis() / 1_000;
      JsonObject grant = signUp(signedUpAt, signedUpAt.port() + "@example.com");
      assertThat(grant.getLong("expires_at"))
          .isBetween(
              now + SESSION_SECONDS - A_MINUTE.toSeconds(),
              now + SESSION_SECONDS + A_MINUTE.toSeconds());
      for (GatewayJvm replica : fleet.replicas()) {
        assertThat(replica.get(grant.getString("access_token")).status()).isEqualTo(200);
      }
    }
  }

  private static void usesAreDatedByTheDatabase(Fleet fleet) {
    for (GatewayJvm replica : fleet.replicas()) {
      TestKey key = fleet.keys().key();
      assertThat(replica.get(key.token()).status()).isEqualTo(200);
      String usedNow = USED_NOW.formatted(key.id());
      Fleet.await(SLACK, () -> !fleet.database().query(usedNow).equals("null"));
      assertThat(fleet.database().query(usedNow)).isEqualTo("t");
    }
  }

  /** One expires; one is rotated by the fast replica, one by the slow one, with a grace period. */
  private static void keysEndEverywhereAtTheirTime(Fleet fleet) {
    TestKey expiring = fleet.keys().organizationKey(null);
    TestKey rotatedFast = fleet.keys().organizationKey(null);
    TestKey rotatedSlow = fleet.keys().organizationKey(null);
    TestKey owner = fleet.keys().organizationKey(null);
    fleet.database().execute(EXPIRE.formatted(LIFE.toSeconds(), expiring.id()));
    rotate(fleet.replica(1), rotatedFast, owner);
    rotate(fleet.replica(2), rotatedSlow, owner);
    List<TestKey> ending = List.of(expiring, rotatedFast, rotatedSlow);
    long begun = System.nanoTime();
    for (GatewayJvm replica : fleet.replicas()) {
      for (TestKey key : ending) {
        assertThat(replica.get(key.token()).status()).isEqualTo(200);
      }
    }

    Lengths.pass(LIFE.minusNanos(System.nanoTime() - begun));

    for (GatewayJvm replica : fleet.replicas()) {
      for (TestKey key : ending) {
        Fleet.await(SLACK, () -> replica.get(key.token()).status() == 401);
      }
      assertThat(replica.get(owner.token()).status()).isEqualTo(200);
    }
  }

  private static void restart(GatewayJvm replica, Map<String, String> clock) {
    Map<String, String> settings = new HashMap<>(clock);
    settings.put("MAGLATCH_SESSIONS_SIGNUP", "true");
    settings.put("MAGLATCH_HTTP_PUBLIC_URL", "https://gateway.example.com"); // who issues sessions
    replica.kill();
    replica.start(settings);
  }

  private static double secondsAhead(GatewayJvm replica) {
    return replica.metric("maglatch_process_start_time_seconds")
        - System.currentTimeMillis() / 1_000.0;
  }

  private static JsonObject signUp(GatewayJvm replica, String email) {
    JsonObject account =
        new JsonObject().put("email", email).put("password", "correct horse battery");
    Answer answer = post(replica, "/auth/v1/signup", "", account);
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    return new JsonObject(answer.body());
  }

  private static void rotate(GatewayJvm replica, TestKey key, TestKey owner) {
    JsonObject grace = new JsonObject().put("gracePeriodSeconds", LIFE.toSeconds());
    String route = "/v1/api-keys/" + key.id() + "/rotate";
    Answer answer = post(replica, route, owner.token(), grace);
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
  }

  private static Answer post(GatewayJvm replica, String path, String token, JsonObject body) {
    try (PlainClient client = replica.client()) {
      return client.post(path, token, body.encode());
    }
  }
}
