// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.key.KeyKind;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.manage.KeyRecord;
import dev.maglatch.manage.KeyWebhook;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One key with all there is to say about it.
 *
 * @param replaced when the key is refused, since another one has taken its place; null if none has
 * @param successor the path of that other one
 * @param plot the requests of the last week
 * @param limits what binds the key; null if nothing does
 * @param hasWebhooks whether events can go to a URL of this key
 * @param notice what was just done; null for nothing
 */
record KeyDetail(
    KeyRow row,
    @Nullable String description,
    @Nullable String limits,
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
        limits(key.settings().policy()),
        Moment.orNull(key.life().revokeAfter(), now),
        key.life().successorId() == null
            ? null
            : Dashboard.HOME + "keys/" + key.kind().text() + "/" + key.life().successorId(),
        plot,
        active && key.kind() == KeyKind.ORG,
        WebhookScreens.fits(key),
        webhook == null ? null : webhook.url(),
        notice);
  }

  private static @Nullable String limits(KeyPolicy policy) {
    List<String> limits = new ArrayList<>();
    if (policy.rateLimit() != null) {
      limits.add(
          "At most "
              + policy.rateLimit().limit()
              + " requests in "
              + policy.rateLimit().windowSeconds()
              + " s");
    }
    if (policy.allowedIps() != null) {
      limits.add("Only from " + String.join(", ", policy.allowedIps()));
    }
    return limits.isEmpty() ? null : String.join("; ", limits);
  }

  /** Whether the key can be given a successor. */
  boolean replaceable() {
    return row.active() && successor == null;
  }
}
