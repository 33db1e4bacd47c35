// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import static java.util.Objects.requireNonNull;

import dev.maglatch.key.KeyKind;
import dev.maglatch.key.Tokens;
import dev.maglatch.manage.KeyInventory.BadLine;
import dev.maglatch.manage.KeyInventory.Held;
import dev.maglatch.manage.KeyInventory.NewLine;
import dev.maglatch.secret.Secret;
import io.vertx.core.Future;
import java.util.EnumSet;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What an operator can do with keys, whoever holds them. */
public final class OperatorKeys {
  private static final Revocation UNKNOWN = new Revocation(RevokeOutcome.UNKNOWN, null);

  private final KeyInventory inventory;
  private final KeyRegistrar keys;
  private final Tokens tokens;

  public OperatorKeys(KeyInventory inventory, KeyRegistrar keys, Tokens tokens) {
    this.inventory = requireNonNull(inventory, "inventory");
    this.keys = requireNonNull(keys, "keys");
    this.tokens = requireNonNull(tokens, "tokens");
  }

  /** Revokes a key of any kind, and waits as {@link KeyRegistrar#revoke} does. */
  public Future<Revocation> revoke(UUID id) {
    return inventory.find(id).compose(this::revoke);
  }

  /** Revokes the key of a leaked token, and waits as {@link KeyRegistrar#revoke} does. */
  public Future<Revocation> revokeToken(Secret token) {
    return keys.revokeToken(EnumSet.allOf(KeyKind.class), token, Actor.OPERATOR);
  }

  private Future<Revocation> revoke(@Nullable KeyRecord key) {
    return key == null
        ? Future.succeededFuture(UNKNOWN)
        : keys.revoke(
            new KeyReach(key.kind(), key.owner().organizationId(), null), key.id(), Actor.OPERATOR);
  }

  /** Returns the keys of everybody, oldest first, revoked ones too. */
  public Future<List<Held>> list(Page page) {
    return inventory.list(page);
  }

  /**
   * Takes keys over from another system: all of them, or none and the reasons. No cap counts, no
   * event is sent.
   */
  public Future<List<BadLine>> importAll(List<ImportedKey> found) {
    List<NewLine> lines =
        found.stream().map(key -> new NewLine(key, tokens.stored(key.sha256()))).toList();
    return inventory.insertAll(lines, tokens.currentPepper(), Actor.OPERATOR);
  }
}
