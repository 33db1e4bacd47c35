// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import dev.maglatch.key.KeyKind;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.manage.KeyLife;
import dev.maglatch.manage.KeyOwner;
import dev.maglatch.manage.KeyRecord;
import dev.maglatch.manage.KeySettings;
import dev.maglatch.manage.KeyUse;
import dev.maglatch.manage.KeyWebhook;
import dev.maglatch.secret.SealedText;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads one key with its usage: the columns, and the row they make. */
final class KeyRows {
  /** To be followed by a condition on {@code k}. */
  static final String SELECT =
      """
      SELECT k.id, k.kind, k.name, k.description, k.organization_id, k.service_account_id,
             k.created_by, k.key_prefix, k.scope, k.expires_at,
             coalesce(k.revoked_at,
                      CASE WHEN k.revoke_after <= clock_timestamp() THEN k.revoke_after END)
               AS revoked_at,
             k.revoke_after, k.successor_id, k.webhook_url, k.webhook_secret,
             k.allowed_ips, k.rate_limit, k.rate_limit_window, k.created_at,
             k.revoked_at IS NULL
               AND (k.revoke_after IS NULL OR k.revoke_after > clock_timestamp())
               AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp()) AS active,
             u.last_used_at, u.last_used_ip, u.last_used_user_agent
        FROM api_keys AS k
        LEFT JOIN key_usage AS u ON u.key_id = k.id
      """;

  private KeyRows() {}

  static KeyRecord read(Row row) {
    return new KeyRecord(
        row.getUUID("id"),
        KeyKind.of(row.getString("kind")),
        row.getString("key_prefix"),
        new KeyOwner(
            row.getUUID("organization_id"),
            row.getUUID("created_by"),
            row.getUUID("service_account_id")),
        settings(row),
        life(row),
        webhook(row),
        new KeyUse(
            instant(row, "last_used_at"),
            row.getString("last_used_ip"),
            row.getString("last_used_user_agent")));
  }

  private static KeySettings settings(Row row) {
    return new KeySettings(
        row.getString("name"),
        row.getString("description"),
        row.getString("scope"),
        instant(row, "expires_at"),
        policy(row));
  }

  private static KeyPolicy policy(Row row) {
    String[] ranges = row.getArrayOfStrings("allowed_ips");
    Integer limit = row.getInteger("rate_limit");
    Integer window = row.getInteger("rate_limit_window");
    return new KeyPolicy(
        ranges == null ? null : List.of(ranges),
        limit == null || window == null ? null : new KeyPolicy.RateLimit(limit, window));
  }

  private static KeyLife life(Row row) {
    return new KeyLife(
        row.getOffsetDateTime("created_at").toInstant(),
        instant(row, "revoked_at"),
        instant(row, "revoke_after"),
        row.getUUID("successor_id"),
        row.getBoolean("active"));
  }

  private static @Nullable KeyWebhook webhook(Row row) {
    String url = row.getString("webhook_url");
    Buffer secret = row.getBuffer("webhook_secret");
    return url == null || secret == null
        ? null
        : new KeyWebhook(url, new SealedText(secret.getBytes()));
  }

  private static @Nullable Instant instant(Row row, String column) {
    OffsetDateTime time = row.getOffsetDateTime(column);
    return time == null ? null : time.toInstant();
  }
}
