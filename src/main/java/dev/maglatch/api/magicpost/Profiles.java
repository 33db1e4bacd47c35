// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.magicpost;

import static java.util.Objects.requireNonNull;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.maglatch.manage.AccountRecord;
import dev.maglatch.manage.AccountRegistrar;
import dev.maglatch.verify.ChangeClock;
import io.vertx.core.Future;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What verify tells about an account besides the verdict, read once and kept until the account
 * changes. At most 10,000 accounts; beyond that the least used are read again. Safe on any thread.
 */
final class Profiles {
  /*
   * A profile grants nothing: the verdict about the key is had first, each time. So it needs no
   * lease. While the database is away no change arrives, and a verdict that is still trusted finds
   * its profile here; once changes may have been missed, the clock makes everything stale.
   */
  private static final int MAX_ENTRIES = 10_000;

  private final Cache<UUID, Profile> known =
      Caffeine.newBuilder().maximumSize(MAX_ENTRIES).executor(Runnable::run).build();
  private final AccountRegistrar accounts;
  private final ChangeClock changes;

  Profiles(AccountRegistrar accounts, ChangeClock changes) {
    this.accounts = requireNonNull(accounts, "accounts");
    this.changes = requireNonNull(changes, "changes");
  }

  /**
   * Returns the profile, or null if there is no such account any more. Fails with {@code
   * STORE_UNAVAILABLE} when it is not known and cannot be read.
   */
  Future<@Nullable Profile> of(UUID account) {
    Profile profile = known.getIfPresent(account);
    if (profile != null && !changes.changedSince(account, profile.readAt())) {
      return Future.succeededFuture(profile);
    }
    long readAt = changes.now(); // before the query: a change that overtakes it counts
    return accounts.find(account).map(found -> remember(account, found, readAt));
  }

  private @Nullable Profile remember(UUID id, @Nullable AccountRecord found, long readAt) {
    if (found == null || found.disabledAt() != null) {
      known.invalidate(id);
      return null;
    }
    Profile profile = new Profile(found.userRecordId(), found.email(), readAt);
    known.put(id, profile);
    return profile;
  }

  /**
   * One account.
   *
   * @param readAt {@link ChangeClock#now()} before the query was sent
   */
  record Profile(String userRecordId, String email, long readAt) {}
}
