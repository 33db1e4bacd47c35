// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Writes events and their deliveries, in one statement: within the transaction of the change that
 * they tell of, if there is one.
 */
final class WebhookEvents {
  /** Sent at commit when there is something to deliver. */
  static final String CHANNEL = "maglatch_webhooks";

  /**
   * An event that nobody is to hear of is not stored. The time is the database's, and what is
   * stored is what will be signed, to the byte.
   */
  private static final String WRITE =
      """
      WITH account AS (
        SELECT id FROM accounts WHERE id = $2::uuid AND disabled_at IS NULL),
      target AS (
        SELECT k.id, lower(substring(k.webhook_url FROM '^[^:]+://[^/?#]+')) AS destination
          FROM api_keys AS k JOIN account ON k.created_by = account.id
         WHERE k.service_account_id IS NULL
           AND k.webhook_url IS NOT NULL AND k.webhook_secret IS NOT NULL
           AND ($5::uuid IS NULL OR k.id = $5::uuid)
           AND k.revoked_at IS NULL
           AND (k.revoke_after IS NULL OR k.revoke_after > clock_timestamp())
           AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())),
      event AS (
        INSERT INTO webhook_events (id, account_id, event, body)
        SELECT $1::uuid, account.id, $3::text,
               '{"event":' || to_json($3::text)::text
               || ',"timestamp":"'
               || to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
               || '","data":' || $4::text || '}'
          FROM account WHERE EXISTS (SELECT 1 FROM target)
        RETURNING id),
      delivery AS (
        INSERT INTO webhook_deliveries (event_id, key_id, destination)
        SELECT event.id, target.id, coalesce(target.destination, '') FROM event, target
        RETURNING id)
      SELECT (SELECT count(*) FROM account) AS accounts,
             (SELECT count(*) FROM delivery) AS deliveries,
             (SELECT min(id::text) FROM delivery) AS first_delivery,
             (SELECT pg_notify('maglatch_webhooks', '')::text
               WHERE EXISTS (SELECT 1 FROM delivery)) AS notified
      """;

  private WebhookEvents() {}

  /**
   * What became of an event.
   *
   * @param deliveryId one of its deliveries; null if there is none
   */
  record Written(UUID eventId, int deliveries, @Nullable UUID deliveryId) {}

  /**
   * Writes an event for every active key of the account that has a URL.
   *
   * @return null if there is no such account, or it is disabled
   */
  static Future<@Nullable Written> write(
      SqlClient client, UUID accountId, String event, JsonObject data) {
    return write(client, UUID.randomUUID(), accountId, event, data, null);
  }

  /** As {@link #write(SqlClient, UUID, String, JsonObject)}, under an id that is given. */
  static Future<@Nullable Written> writeAs(
      SqlClient client, UUID id, UUID accountId, String event, JsonObject data) {
    return write(client, id, accountId, event, data, null);
  }

  /** As {@link #write(SqlClient, UUID, String, JsonObject)}, for one key alone. */
  static Future<@Nullable Written> writeTo(
      SqlClient client, UUID onlyKey, UUID accountId, String event, JsonObject data) {
    return write(client, UUID.randomUUID(), accountId, event, data, onlyKey);
  }

  private static Future<@Nullable Written> write(
      SqlClient client,
      UUID id,
      UUID accountId,
      String event,
      JsonObject data,
      @Nullable UUID onlyKey) {
    return client
        .preparedQuery(WRITE)
        .execute(Tuple.of(id, accountId, event, data.encode(), onlyKey))
        .map(rows -> written(id, rows.iterator().next()));
  }

  private static @Nullable Written written(UUID id, Row row) {
    String delivery = row.getString("first_delivery");
    return row.getLong("accounts") == 0
        ? null
        : new Written(
            id, row.getInteger("deliveries"), delivery == null ? null : UUID.fromString(delivery));
  }
}
