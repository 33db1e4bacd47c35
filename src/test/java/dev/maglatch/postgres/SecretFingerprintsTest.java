// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.maglatch.fault.StartFailure;
import dev.maglatch.secret.SecretRing;
import io.vertx.core.Vertx;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SecretFingerprintsTest {
  private final TestDatabase database = TestDatabase.create();
  private final Vertx vertx = Vertx.vertx();
  private final Database pool = Database.open(vertx, database.address(), PoolLimits.DEFAULT);

  @BeforeEach
  void firstStart() throws Exception {
    check(1);
  }

  @AfterEach
  void close() throws Exception {
    pool.close().await(10, SECONDS);
    vertx.close().await(10, SECONDS);
    database.close();
  }

  @Test
  void sameSecretsAreFineAgain() throws Exception {
    fill();

    check(1);
  }

  @Test
  void strangeSecretsAreRefusedOnceThereIsAnAccount() throws Exception {
    fill();

    assertThatThrownBy(() -> check(2))
        .isInstanceOf(StartFailure.class)
        .hasMessageContaining("made with other secrets (check, encryption, pepper, session)")
        .hasMessageContaining("secrets.previous");
    check(1);
  }

  @Test
  void emptyDatabaseTakesOtherSecretsAndForgetsTheFirst() throws Exception {
    check(2);
    fill();

    assertThatThrownBy(() -> check(1)).isInstanceOf(StartFailure.class);
  }

  @Test
  void newMasterIsTakenTogetherWithTheKnownOneAndThenByItself() throws Exception {
    fill();

    check(2, 1);
    check(2);
  }

  @Test
  void purposeOfItsOwnIsNamed() {
    fill();
    List<byte[]> known = masters(1);
    SecretRing ring = SecretRing.derive(masters(2), known, known, known);

    assertThatThrownBy(() -> check(ring)).hasMessageContaining("secrets (pepper);");
  }

  private void fill() {
    database.execute(
        """
        WITH o AS (INSERT INTO organizations (name) VALUES ('o') RETURNING id)
        INSERT INTO accounts (email, user_record_id, organization_id)
        SELECT 'a@b.c', 'rec00000000000000', id FROM o
        """);
  }

  private void check(int... masters) throws Exception {
    check(SecretRing.derive(masters(masters)));
  }

  private void check(SecretRing ring) throws Exception {
    new SecretFingerprints(pool.pool()).check(ring).await(10, SECONDS);
  }

  private static List<byte[]> masters(int... fills) {
    return IntStream.of(fills).mapToObj(SecretFingerprintsTest::master).toList();
  }

  private static byte[] master(int fill) {
    byte[] master = new byte[32];
    Arrays.fill(master, (byte) fill);
    return master;
  }
}
