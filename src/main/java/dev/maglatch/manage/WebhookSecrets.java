// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import dev.maglatch.secret.SealedText;
import dev.maglatch.secret.Sealer;
import dev.maglatch.secret.Secret;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes and shows the secrets that webhooks are signed with: {@code whsec_} and 64 hex digits. */
final class WebhookSecrets {
  private static final Logger LOG = LoggerFactory.getLogger(WebhookSecrets.class);
  private static final String PREFIX = "whsec_";
  private static final int RANDOM_BYTES = 32;

  private final SecureRandom random;
  private final Sealer sealer;

  WebhookSecrets(SecureRandom random, Sealer sealer) {
    this.random = random;
    this.sealer = sealer;
  }

  /** Makes a webhook with a new secret for the key {@code keyId}. */
  KeyWebhook make(UUID keyId, String url) {
    return new KeyWebhook(url, seal(keyId), null);
  }

  /** Makes a new secret for the key {@code keyId}. */
  SealedText seal(UUID keyId) {
    byte[] bytes = new byte[RANDOM_BYTES];
    random.nextBytes(bytes);
    return sealer.seal(new Secret(PREFIX + HexFormat.of().formatHex(bytes)), keyId);
  }

  /**
   * Returns the webhook of {@code key} as the key {@code successor} is to have it: the same secret,
   * or a new one if the old cannot be opened; null if there is no webhook.
   */
  @Nullable KeyWebhook moved(KeyRecord key, UUID successor) {
    KeyWebhook webhook = key.webhook();
    if (webhook == null) {
      return null;
    }
    Secret secret = open(key);
    return secret == null
        ? make(successor, webhook.url())
        : new KeyWebhook(
            webhook.url(),
            sealer.seal(secret, successor),
            moved(webhook.previous(), key.id(), successor));
  }

  private @Nullable PreviousSecret moved(
      @Nullable PreviousSecret previous, UUID keyId, UUID successor) {
    Secret secret = previous == null ? null : sealer.open(previous.secret(), keyId);
    return previous == null || secret == null
        ? null
        : new PreviousSecret(sealer.seal(secret, successor), previous.until());
  }

  /**
   * Returns the secret of {@code key} in clear; null if it has none, or if it was sealed with a
   * master secret that is no longer configured, which is logged.
   */
  @Nullable Secret open(KeyRecord key) {
    KeyWebhook webhook = key.webhook();
    if (webhook == null) {
      return null;
    }
    Secret secret = sealer.open(webhook.secret(), key.id());
    if (secret == null) {
      LOG.error("webhook secret cannot be opened key_id={}", key.id());
    }
    return secret;
  }
}
