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
 * @param webhook null if events can go to no URL of this key
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
    @Nullable WebhookField webhook,
    @Nullable String notice) {

  /**
   * Where the events of a key go.
   *
   * @param set whether they go anywhere now
   * @param url as it is, or as somebody has just filled it in; empty for none
   * @param complaint what is wrong with it; null for nothing
   */
  record WebhookField(boolean set, String url, @Nullable String complaint) {
    static @Nullable WebhookField of(KeyRecord key) {
      KeyWebhook webhook = key.webhook();
      return WebhookScreens.fits(key)
          ? new WebhookField(webhook != null, webhook == null ? "" : webhook.url(), null)
          : null;
    }
  }

  static KeyDetail of(
      KeyRecord key,
      KeyRow row,
      UsageBar plot,
      @Nullable WebhookField webhook,
      Instant now,
      @Nullable String notice) {
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
        webhook,
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
