// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.faults;

import dev.maglatch.key.KeyKind;
import dev.maglatch.key.TokenShape;
import dev.maglatch.key.Tokens;
import dev.maglatch.postgres.PostgresServer;
import dev.maglatch.secret.SecretRing;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Puts accounts and keys into the database by hand, as an import does: quickly, and many. */
final class KeyRing {
  private static final String ORGANIZATION = "INSERT INTO organizations (id, name) VALUES (?, 'o')";
  private static final String ACCOUNT =
      """
      INSERT INTO accounts (id, email, user_record_id, organization_id)
      VALUES (?, ?, 'rec' || substr(md5(random()::text), 1, 14), ?)
      """;
  private static final String SERVICE_ACCOUNT =
      """
      INSERT INTO service_accounts (id, organization_id, name, created_by)
      VALUES (?, ?, left(gen_random_uuid()::text, 8), ?)
      """;
  private static final String KEY =
      """
      INSERT INTO api_keys (id, kind, name, scope, organization_id, user_id, service_account_id,
                            created_by, key_prefix, key_hash, pepper)
      VALUES (?, ?, 'key', ?, ?, ?, ?, ?, ?, ?, ?)
      """;

  private final PostgresServer database;
  private final Tokens tokens;
  private final UUID organization = UUID.randomUUID();
  private final UUID account = UUID.randomUUID();

  /** Makes an account of its own; the schema must be there. */
  KeyRing(PostgresServer database) {
    this.database = database;
    SecretRing ring = SecretRing.derive(List.of(Base64.getDecoder().decode(GatewayJvm.MASTER)));
    this.tokens = new Tokens(new SecureRandom(), ring.checkKeys(), ring.peppers());
    write(
        connection -> {
          run(connection, ORGANIZATION, organization);
          run(connection, ACCOUNT, account, email(), organization);
        });
  }

  /** Makes a key that exists from now on. */
  TestKey key() {
    return keys(1).get(0);
  }

  /** Makes that many keys in one transaction. */
  List<TestKey> keys(int count) {
    List<TestKey> made = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      made.add(unborn());
    }
    insert(made);
    return made;
  }

  /** Makes a key that is in no database yet. */
  TestKey unborn() {
    return new TestKey(UUID.randomUUID(), tokens.mint(TokenShape.MGP));
  }

  /** Puts keys into the database. */
  void insert(List<TestKey> keys) {
    write(
        connection -> {
          for (TestKey key : keys) {
            insert(connection, key, KeyKind.MGP, null);
          }
        });
  }

  /** Makes a service account of this organization. */
  UUID serviceAccount() {
    UUID id = UUID.randomUUID();
    write(connection -> run(connection, SERVICE_ACCOUNT, id, organization, account));
    return id;
  }

  /** Makes an organization key of scope read-write, of a service account or of the account. */
  TestKey organizationKey(@Nullable UUID serviceAccount) {
    TestKey key = unborn();
    write(connection -> insert(connection, key, KeyKind.ORG, serviceAccount));
    return key;
  }

  String email() {
    return account + "@example.com";
  }

  /** Revokes a key by hand, in psql as it were, and returns when that is committed. */
  void revokeByHand(TestKey key) {
    database.execute("UPDATE api_keys SET revoked_at = now() WHERE id = '" + key.id() + "'");
  }

  private void insert(
      Connection connection, TestKey key, KeyKind kind, @Nullable UUID serviceAccount)
      throws SQLException {
    run(
        connection,
        KEY,
        key.id(),
        kind.name().toLowerCase(Locale.ROOT),
        kind == KeyKind.ORG ? "read-write" : null,
        organization,
        serviceAccount == null ? account : null,
        serviceAccount,
        account,
        key.token().substring(0, 8),
        tokens.storedNow(Tokens.sha256(key.token())).bytes(),
        tokens.currentPepper());
  }

  private void write(Work work) {
    try (Connection connection = database.connect()) {
      connection.setAutoCommit(false);
      work.on(connection);
      connection.commit();
    } catch (SQLException failed) {
      throw new IllegalStateException(failed);
    }
  }

  private static void run(Connection connection, String sql, @Nullable Object... values)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i]);
      }
      statement.executeUpdate();
    }
  }

  private interface Work {
    void on(Connection connection) throws SQLException;
  }
}
