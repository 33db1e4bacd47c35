// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.manage.KeyRecord;
import dev.maglatch.manage.KeyWebhook;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One key with all there is to say about it.
 *
 * @param replaced when the key is refused, since another one has taken its place; null if none has
 * @param successor the path of that other one
 * @param plot the requests of the last week
 * @param hasWebhooks whether events of this key can go anywhere
 * @param notice what was just done; null for nothing
 */
record KeyDetail(
    KeyRow row,
    @Nullable String description,
    @Nullable Moment replaced,
    @Nullable String successor,
    UsageBar plot,
    boolean editable,
    boolean hasWebhooks,
    @Nullable String webhookUrl,
    @Nullable String notice) {

  static KeyDetail of(
      KeyRecord key, KeyRow row, UsageBar plot, Instant now, @Nullable String notice) {
    KeyWebhook webhook = key.webhook();
    boolean active = key.life().active();
    return new KeyDetail(
        row,
        key.settings().description(),
        Moment.orNull(key.life().revokeAfter(), now),
        key.life().successorId() == null
            ? null
            : Dashboard.HOME + "keys/" + key.kind().text() + "/" + key.life().successorId(),
        plot,
        active && key.kind() == dev.maglatch.key.KeyKind.ORG,
        key.kind() == dev.maglatch.key.KeyKind.MGP,
        webhook == null ? null : webhook.url(),
        notice);
  }

  /** Whether the key can be given a successor. */
  boolean replaceable() {
    return row.active() && successor == null;
  }
}
