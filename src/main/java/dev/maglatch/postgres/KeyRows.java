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
import dev.maglatch.manage.PreviousSecret;
import dev.maglatch.secret.SealedText;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
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
             k.previous_webhook_secret, k.previous_webhook_secret_until,
             k.allowed_ips, k.rate_limit, k.rate_limit_window, k.created_at,
             k.revoked_at IS NULL
               AND (k.revoke_after IS NULL OR k.revoke_after > clock_timestamp())
               AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp()) AS active,
             EXISTS (SELECT FROM accounts AS a
                      WHERE a.id = k.user_id AND a.disabled_at IS NOT NULL)
               OR EXISTS (SELECT FROM service_accounts AS s
                           WHERE s.id = k.service_account_id AND s.disabled_at IS NOT NULL)
               AS suspended,
             u.last_used_at, u.last_used_ip, u.last_used_user_agent
        FROM api_keys AS k
        LEFT JOIN key_usage AS u ON u.key_id = k.id
      """;

  private KeyRows() {}

  /** Fails with a fault that names row and column if the row cannot be understood. */
  static KeyRecord read(Row row) {
    Cells cells = new Cells("api_keys", "id", row);
    return new KeyRecord(
        cells.uuid("id"),
        kind(cells),
        cells.text("key_prefix"),
        new KeyOwner(
            cells.uuid("organization_id"),
            cells.uuid("created_by"),
            cells.uuidOrNull("service_account_id")),
        settings(cells),
        life(cells),
        webhook(cells),
        new KeyUse(
            cells.timeOrNull("last_used_at"),
            cells.textOrNull("last_used_ip"),
            cells.textOrNull("last_used_user_agent")));
  }

  static KeyKind kind(Cells cells) {
    return cells.get("kind", row -> KeyKind.of(String.valueOf(row.getString("kind"))));
  }

  static KeyPolicy policy(Cells cells) {
    List<String> ranges = cells.textsOrNull("allowed_ips");
    Integer limit = cells.find("rate_limit", row -> row.getInteger("rate_limit"));
    if (limit == null) {
      return ranges == null ? KeyPolicy.NONE : new KeyPolicy(ranges, null);
    }
    int window = cells.get("rate_limit_window", row -> row.getInteger("rate_limit_window"));
    return new KeyPolicy(ranges, new KeyPolicy.RateLimit(limit, window));
  }

  private static KeySettings settings(Cells cells) {
    return new KeySettings(
        cells.textOrNull("name"),
        cells.textOrNull("description"),
        cells.textOrNull("scope"),
        cells.timeOrNull("expires_at"),
        policy(cells));
  }

  private static KeyLife life(Cells cells) {
    return new KeyLife(
        cells.time("created_at"),
        cells.timeOrNull("revoked_at"),
        cells.timeOrNull("revoke_after"),
        cells.uuidOrNull("successor_id"),
        cells.flag("active"),
        cells.flag("suspended"));
  }

  private static @Nullable KeyWebhook webhook(Cells cells) {
    String url = cells.textOrNull("webhook_url");
    Buffer secret = cells.find("webhook_secret", row -> row.getBuffer("webhook_secret"));
    return url == null || secret == null
        ? null
        : new KeyWebhook(url, new SealedText(secret.getBytes()), previous(cells));
  }

  private static @Nullable PreviousSecret previous(Cells cells) {
    Buffer secret =
        cells.find("previous_webhook_secret", row -> row.getBuffer("previous_webhook_secret"));
    return secret == null
        ? null
        : new PreviousSecret(
            new SealedText(secret.getBytes()), cells.time("previous_webhook_secret_until"));
  }
}
