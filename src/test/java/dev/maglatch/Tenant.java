// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.config.GatewayConfig;
import dev.maglatch.key.KeyKind;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.Principal;
import dev.maglatch.manage.Actor;
import dev.maglatch.manage.CreateKey;
import dev.maglatch.manage.KeyOwner;
import dev.maglatch.manage.KeySettings;
import dev.maglatch.postgres.DatabaseAddress;
import dev.maglatch.secret.Secret;
import io.vertx.core.Vertx;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import java.util.UUID;

/** An account with an organization of its own, and the keys an operator makes for it. */
record Tenant(UUID organization, UUID account) {
  /** Puts a new one into a migrated database, by hand. */
  static Tenant in(DatabaseAddress database) {
    Tenant tenant = new Tenant(UUID.randomUUID(), UUID.randomUUID());
    try (Connection connection = connect(database);
        var statement = connection.createStatement()) {
      statement.execute(
          "INSERT INTO organizations (id, name) VALUES ('" + tenant.organization + "', 'o')");
      statement.execute(
          "INSERT INTO accounts (id, email, user_record_id, organization_id) VALUES ('"
              + tenant.account
              + "', '"
              + tenant.account
              + "@example.com', 'rec"
              + tenant.account.toString().replace("-", "").substring(0, 14)
              + "', '"
              + tenant.organization
              + "')");
    } catch (SQLException failed) {
      throw new IllegalStateException(failed);
    }
    return tenant;
  }

  /** Makes a key as the command line does, beside any gateway, and returns its token. */
  String key(GatewayConfig config) {
    return key(config, KeyKind.MGP);
  }

  /** Makes a key of that kind; one of an organization may read. */
  String key(GatewayConfig config, KeyKind kind) {
    String scope = kind == KeyKind.ORG ? Principal.SCOPE_READ : null;
    CreateKey command =
        new CreateKey(
            kind,
            new KeyOwner(organization, account, null),
            new KeySettings("key", null, scope, null, KeyPolicy.NONE),
            null);
    Vertx vertx = Vertx.vertx();
    Management management = Management.open(vertx, config);
    try {
      return TestGateway.await(
          management
              .keys()
              .create(command, Actor.OPERATOR)
              .map(made -> made.key().token().reveal()));
    } finally {
      TestGateway.await(management.close());
      TestGateway.await(vertx.close());
    }
  }

  private static Connection connect(DatabaseAddress database) throws SQLException {
    Secret password = database.password();
    assertThat(password).isNotNull();
    Properties login = new Properties();
    login.setProperty("user", String.valueOf(database.user()));
    login.setProperty("password", password.reveal());
    return DriverManager.getConnection(database.jdbcUrl(), login);
  }
}
