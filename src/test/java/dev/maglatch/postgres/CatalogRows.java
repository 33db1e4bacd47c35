// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import java.time.Instant;
import java.util.UUID;

/** Puts accounts, keys and their use into a database by hand. */
final class CatalogRows {
  private final TestDatabase database;

  CatalogRows(TestDatabase database) {
    this.database = database;
  }

  UUID organization() {
    UUID id = UUID.randomUUID();
    database.execute("INSERT INTO organizations (id, name) VALUES ('%s', 'o')".formatted(id));
    return id;
  }

  UUID account(UUID organization, String role) {
    UUID id = UUID.randomUUID();
    database.execute(
        """
        INSERT INTO accounts (id, email, user_record_id, organization_id, role)
        VALUES ('%s', '%s@example.com', 'rec%s', '%s', '%s')
        """
            .formatted(
                id, id, id.toString().replace("-", "").substring(0, 14), organization, role));
    return id;
  }

  UUID serviceAccount(UUID account) {
    UUID id = UUID.randomUUID();
    database.execute(
        """
        INSERT INTO service_accounts (id, organization_id, name, permissions, created_by)
        SELECT '%s', organization_id, '%s', '{}', id FROM accounts WHERE id = '%s'
        """
            .formatted(id, id, account));
    return id;
  }

  /** Makes a key of {@code account}, newer than all before it. */
  UUID key(UUID account, String kind, String name) {
    UUID id = UUID.randomUUID();
    database.execute(
        """
        INSERT INTO api_keys
               (id, kind, name, organization_id, user_id, created_by, key_prefix, key_hash, pepper,
                scope)
        SELECT '%s', '%s', '%s', organization_id, id, id, 'mgp_0000',
               sha256(gen_random_uuid()::text::bytea), 'test',
               CASE WHEN '%s' = 'org' THEN 'read' END
          FROM accounts WHERE id = '%s'
        """
            .formatted(id, kind, name, kind, account));
    return id;
  }

  /** As {@link #key(UUID, String, String)}, with columns as {@link #set} takes them. */
  UUID key(UUID account, String kind, String name, String columns) {
    UUID id = key(account, kind, name);
    set(id, columns);
    return id;
  }

  /** Sets columns of a key, as {@code "expires_at = …, scope = …"}. */
  void set(UUID key, String columns) {
    database.execute("UPDATE api_keys SET " + columns + " WHERE id = '" + key + "'");
  }

  void used(UUID key, Instant hour, long requests) {
    database.execute(
        "INSERT INTO key_usage_past_hours (key_id, hour, requests) VALUES ('%s', '%s', %d)"
            .formatted(key, hour, requests));
  }

  void lastUsed(UUID key, Instant at) {
    database.execute(
        "INSERT INTO key_usage (key_id, last_used_at) VALUES ('%s', '%s')".formatted(key, at));
  }

  /** Notes that a key was refused for its rate in the window that ends then. */
  void limited(UUID key, Instant windowEnd) {
    database.execute(
        """
        INSERT INTO webhook_notices (key_id, event, occasion)
        VALUES ('%s', 'api_key.limit_reached', '%s')
        """
            .formatted(key, windowEnd));
  }
}
