// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import static dev.maglatch.manage.Creation.Outcome.CREATED;
import static java.util.Objects.requireNonNull;

import dev.maglatch.key.KeyKind;
import dev.maglatch.key.TokenHash;
import dev.maglatch.key.Tokens;
import dev.maglatch.manage.Creation.IssuedKey;
import dev.maglatch.manage.KeyRegistry.Edit;
import dev.maglatch.manage.KeyRegistry.Insertion;
import dev.maglatch.manage.KeyRegistry.SingleInsertion;
import dev.maglatch.manage.SingleCreation.Repetition;
import dev.maglatch.secret.Sealer;
import dev.maglatch.secret.Secret;
import io.vertx.core.Future;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
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
    return registry.insert(draft(command, token), actor).map(done -> creation(done, token));
  }

  /**
   * Makes a key unless {@code once} was seen within 24 hours. A repetition gives the key of the
   * first call a new token while it is unused; the old token is refused everywhere when the future
   * completes. A use that is not yet stored does not count.
   */
  public Future<SingleCreation> createOnce(CreateKey command, Idempotency once, Actor actor) {
    return creates.run(command.owner().createdBy(), () -> insertOnce(command, once, actor));
  }

  private Future<SingleCreation> insertOnce(CreateKey command, Idempotency once, Actor actor) {
    Secret token = new Secret(tokens.mint(command.kind().shape()));
    return registry
        .insertOnce(draft(command, token), once, actor)
        .compose(done -> settled(done, token));
  }

  private Future<SingleCreation> settled(SingleInsertion done, Secret token) {
    Insertion insertion = done.insertion();
    Creation creation = insertion == null ? null : creation(insertion, token);
    if (done.repetition() != Repetition.REPLAYED || creation == null) {
      return Future.succeededFuture(new SingleCreation(done.repetition(), creation, null));
    }
    return barrier
        .afterChange(creation.key().key().id())
        .map(confirmation -> new SingleCreation(done.repetition(), creation, confirmation));
  }

  private Creation creation(Insertion done, Secret token) {
    return done.key() == null
        ? new Creation(done.outcome(), null)
        : new Creation(CREATED, issued(done.key(), token));
  }

  private NewKey draft(CreateKey command, Secret token) {
    UUID id = UUID.randomUUID();
    String url = command.webhookUrl();
    return newKey(id, command, token, url == null ? null : webhookSecrets.make(id, url));
  }

  private NewKey newKey(UUID id, CreateKey command, Secret token, @Nullable KeyWebhook webhook) {
    TokenHash hash = tokens.storedNow(Tokens.sha256(token.reveal()));
    return new NewKey(
        id,
        command,
        command.kind().shape().shownPrefix(token.reveal()),
        hash,
        tokens.currentPepper(),
        webhook,
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

  /**
   * Gives the webhook of an active key a new secret. The old one signs beside it until {@code
   * overlap} is over, so that receivers can be told in the meantime.
   *
   * @param overlap in whole seconds; zero for none
   * @return null if there is no active key of that id in reach, or it has no URL
   */
  public Future<@Nullable WebhookChange> rotateWebhookSecret(
      KeyReach reach, UUID id, Duration overlap, Actor actor) {
    return registry
        .rotateWebhookSecret(reach, id, webhookSecrets.seal(id), overlap, actor)
        .map(key -> key == null ? null : changed(key));
  }

  private WebhookChange changed(KeyRecord key) {
    KeyWebhook webhook = key.webhook();
    return new WebhookChange(webhook == null ? null : webhook.url(), webhookSecrets.open(key));
  }

  /**
   * Gives an active key the settings that {@code edit} makes of its own. A change of what the key
   * may do has reached every replica when the future completes.
   *
   * @return null if there is no active key of that id in reach
   */
  public Future<@Nullable KeyUpdate> update(
      KeyReach reach, UUID id, UnaryOperator<KeySettings> edit, Actor actor) {
    return registry
        .update(reach, id, edit, actor)
        .compose(done -> done == null ? Future.succeededFuture() : settled(done, id));
  }

  private Future<@Nullable KeyUpdate> settled(Edit edit, UUID id) {
    return edit.changesRights()
        ? barrier.afterChange(id).map(confirmation -> new KeyUpdate(edit.after(), confirmation))
        : Future.succeededFuture(new KeyUpdate(edit.after(), null));
  }

  /**
   * Makes a successor with the settings and the webhook of an active key. The old key is revoked
   * when {@code grace} is over, which every replica knows when the future completes.
   *
   * @param grace in whole seconds; zero revokes at once
   * @return null if there is no active key of that id in reach, or it has a successor already
   */
  public Future<@Nullable Rotation> rotate(KeyReach reach, UUID id, Duration grace, Actor actor) {
    Secret token = new Secret(tokens.mint(reach.kind().shape()));
    return registry
        .rotate(reach, id, old -> successor(old, token), grace, actor)
        .compose(next -> next == null ? Future.succeededFuture() : rotated(next, token, id));
  }

  private NewKey successor(KeyRecord old, Secret token) {
    UUID id = UUID.randomUUID();
    KeyWebhook webhook = webhookSecrets.moved(old, id);
    CreateKey command =
        new CreateKey(
            old.kind(), old.owner(), old.settings(), webhook == null ? null : webhook.url());
    return newKey(id, command, token, webhook);
  }

  private Future<@Nullable Rotation> rotated(KeyRecord next, Secret token, UUID old) {
    return barrier
        .afterChange(old)
        .map(confirmation -> new Rotation(issued(next, token), confirmation));
  }

  /**
   * Revokes the key that {@code token} is the token of, if it is of one of {@code kinds}: whoever
   * knows a token may end it. Waits as {@link #revoke} does.
   */
  public Future<Revocation> revokeToken(Set<KeyKind> kinds, Secret token, Actor actor) {
    if (!Tokens.wellFormed(token.reveal())) {
      return Future.succeededFuture(new Revocation(RevokeOutcome.UNKNOWN, null));
    }
    return registry
        .findByToken(kinds, tokens.stored(Tokens.sha256(token.reveal())))
        .compose(
            key ->
                key == null
                    ? Future.succeededFuture(new Revocation(RevokeOutcome.UNKNOWN, null))
                    : revoke(wholeOrganization(key), key.id(), actor));
  }

  private static KeyReach wholeOrganization(KeyRecord key) {
    return new KeyReach(key.kind(), key.owner().organizationId(), null);
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
