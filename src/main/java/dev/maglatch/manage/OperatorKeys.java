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
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What an operator can do with keys, whoever holds them. */
public final class OperatorKeys {
  /** The barrier heeds a flush of everything whatever it is asked about. */
  private static final UUID NOTHING = new UUID(0, 0);

  private static final Revocation UNKNOWN = new Revocation(RevokeOutcome.UNKNOWN, null);

  private final KeyInventory inventory;
  private final KeyRegistrar keys;
  private final Tokens tokens;
  private final RevocationBarrier barrier;

  public OperatorKeys(
      KeyInventory inventory, KeyRegistrar keys, Tokens tokens, RevocationBarrier barrier) {
    this.inventory = requireNonNull(inventory, "inventory");
    this.keys = requireNonNull(keys, "keys");
    this.tokens = requireNonNull(tokens, "tokens");
    this.barrier = requireNonNull(barrier, "barrier");
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
   * Takes keys over from another system, or another database: all of them, or none and the reasons.
   * No cap counts, no event is sent. Completes when no replica remembers any more that there was no
   * such key. A hash at rest is of use only where its pepper is known.
   */
  public Future<List<BadLine>> importAll(List<ImportedKey> found) {
    return found.stream().anyMatch(this::isStrange)
        ? check(found)
        : inventory
            .insertAll(found.stream().map(this::line).toList(), Actor.OPERATOR)
            .compose(this::settled);
  }

  /** Returns why {@link #importAll} would take nothing over; nothing is stored. */
  public Future<List<BadLine>> check(List<ImportedKey> found) {
    List<BadLine> bad = new ArrayList<>();
    List<NewLine> lines = new ArrayList<>();
    for (ImportedKey key : found) {
      if (isStrange(key)) {
        bad.add(strange(key));
      } else {
        lines.add(line(key));
      }
    }
    return inventory
        .check(lines)
        .map(
            worse -> {
              bad.addAll(worse);
              return bad;
            });
  }

  private Future<List<BadLine>> settled(List<BadLine> bad) {
    return bad.isEmpty() ? barrier.afterChange(NOTHING).map(bad) : Future.succeededFuture(bad);
  }

  private boolean isStrange(ImportedKey key) {
    return key.pepper() != null && !tokens.knowsPepper(key.pepper());
  }

  private static BadLine strange(ImportedKey key) {
    return new BadLine(
        key.line(),
        "hash was made with the pepper "
            + key.pepper()
            + ", which neither secrets.master nor secrets.previous yields here");
  }

  private NewLine line(ImportedKey key) {
    return key.pepper() == null
        ? new NewLine(key, tokens.stored(key.hash()), tokens.currentPepper())
        : new NewLine(key, List.of(key.hash()), key.pepper());
  }
}
