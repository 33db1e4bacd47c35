// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import static dev.maglatch.manage.Creation.Outcome.CREATED;
import static java.util.Objects.requireNonNull;

import dev.maglatch.key.KeyKind;
import dev.maglatch.key.TokenHash;
import dev.maglatch.key.Tokens;
import dev.maglatch.manage.Creation.IssuedKey;
import dev.maglatch.secret.Sealer;
import dev.maglatch.secret.Secret;
import io.vertx.core.Future;
import java.security.SecureRandom;
import java.util.List;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What can be done with keys, the same for every dialect.
 *
 * <p>Every future fails with {@code STORE_UNAVAILABLE} when the outcome is not known; a plain token
 * lives in the answer to its creation only.
 */
public final class KeyRegistrar {
  private final KeyRegistry registry;
  private final Tokens tokens;
  private final WebhookSecrets webhookSecrets;
  private final RevocationBarrier barrier;
  private final KeyCaps caps;
  private final Lanes<UUID> creates;

  public KeyRegistrar(
      KeyRegistry registry,
      Tokens tokens,
      Sealer sealer,
      RevocationBarrier barrier,
      KeyCaps caps,
      SecureRandom random,
      LongSupplier nanoTime) {
    this.registry = requireNonNull(registry, "registry");
    this.tokens = requireNonNull(tokens, "tokens");
    this.webhookSecrets = new WebhookSecrets(random, sealer);
    this.barrier = requireNonNull(barrier, "barrier");
    this.caps = requireNonNull(caps, "caps");
    this.creates = new Lanes<>(nanoTime);
  }

  /** Returns how many active keys of {@code kind} one owner may have; 0 for any number. */
  public int cap(KeyKind kind) {
    return caps.of(kind);
  }

  /** Makes a key. The token in the result is shown to the caller and kept nowhere. */
  public Future<Creation> create(CreateKey command, Actor actor) {
    return creates.run(command.owner().createdBy(), () -> insert(command, actor));
  }

  private Future<Creation> insert(CreateKey command, Actor actor) {
    Secret token = new Secret(tokens.mint(command.kind().shape()));
    return registry
        .insert(draft(command, token), actor)
        .map(
            done ->
                done.key() == null
                    ? new Creation(done.outcome(), null)
                    : new Creation(CREATED, issued(done.key(), token)));
  }

  private NewKey draft(CreateKey command, Secret token) {
    UUID id = UUID.randomUUID();
    String url = command.webhookUrl();
    TokenHash hash = tokens.storedNow(Tokens.sha256(token.reveal()));
    return new NewKey(
        id,
        command,
        command.kind().shape().shownPrefix(token.reveal()),
        hash,
        tokens.currentPepper(),
        url == null ? null : webhookSecrets.make(id, url),
        caps.of(command.kind()));
  }

  private IssuedKey issued(KeyRecord key, Secret token) {
    return new IssuedKey(key, token, webhookSecrets.open(key));
  }

  /** Returns the keys in reach, newest first, revoked ones too. */
  public Future<List<KeyRecord>> list(KeyReach reach, Page page) {
    return registry.list(reach, page);
  }

  /** Returns one key, or null if it is out of reach. */
  public Future<@Nullable KeyRecord> find(KeyReach reach, UUID id) {
    return registry.find(reach, id);
  }

  /** Returns the webhook secret of {@code key} in clear, for its owner; null if it has none. */
  public @Nullable Secret webhookSecret(KeyRecord key) {
    return webhookSecrets.open(key);
  }

  /**
   * Sends the events of an active key to {@code url} from now on, or nowhere if it is null.
   *
   * @return null if there is no active key of that id in reach
   */
  public Future<@Nullable WebhookChange> setWebhook(
      KeyReach reach, UUID id, @Nullable String url, Actor actor) {
    KeyWebhook webhook = url == null ? null : webhookSecrets.make(id, url);
    return registry
        .setWebhook(reach, id, webhook, actor)
        .map(key -> key == null ? null : changed(key));
  }

  private WebhookChange changed(KeyRecord key) {
    KeyWebhook webhook = key.webhook();
    return new WebhookChange(webhook == null ? null : webhook.url(), webhookSecrets.open(key));
  }

  /**
   * Revokes a key, and waits until that counts on every replica, also when somebody else did it.
   */
  public Future<Revocation> revoke(KeyReach reach, UUID id, Actor actor) {
    return registry.revoke(reach, id, actor).compose(outcome -> confirmed(outcome, id));
  }

  private Future<Revocation> confirmed(RevokeOutcome outcome, UUID id) {
    return switch (outcome) {
      case UNKNOWN -> Future.succeededFuture(new Revocation(outcome, null));
      case REVOKED, ALREADY_REVOKED ->
          barrier.afterChange(id).map(confirmation -> new Revocation(outcome, confirmation));
    };
  }
}
