// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

import dev.maglatch.key.TokenHash;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Remembers when something last changed, so that whatever was read before counts as stale.
 *
 * <p>Time here is the number of changes applied so far. Whoever reads from the database notes
 * {@link #now()} <em>before</em> sending the query; what was read is stale as soon as a later
 * change names the hash or one of the owners. Nothing is searched for and nothing removed, so a
 * change costs the same however much is cached, and a load in flight is covered like an entry that
 * is stored (rules 1 and 5 of src/docs/architecture.md). Safe on any thread.
 */
public final class ChangeClock {
  /*
   * Names share stripes: a change also makes strangers of the same stripe stale, who are then read
   * again for nothing. With 2^16 stripes and 100,000 entries one change costs two needless reads.
   *
   * Writers publish a stripe before the clock. A reader that notes the new time therefore sent its
   * query after the change was known here, and one that compares stripes against a time it read
   * first can only err towards stale.
   */
  private static final int STRIPES = 1 << 16;

  private final AtomicLongArray lastChange = new AtomicLongArray(STRIPES);
  private volatile long now;
  private volatile long lastFlush;
  private volatile long lastOwnerChange;

  /** Returns the number of changes applied so far. */
  public long now() {
    return now;
  }

  /** Makes everything read about the key of this stored hash stale. */
  public synchronized void keyChanged(TokenHash stored) {
    long next = now + 1;
    lastChange.set(stripe(stored), next);
    now = next;
  }

  /** Makes everything read about an account, organization, service account or session stale. */
  public synchronized void ownerChanged(UUID id) {
    long next = now + 1;
    lastChange.set(stripe(id), next);
    lastOwnerChange = next;
    now = next;
  }

  /** Makes everything stale. */
  public synchronized void everythingChanged() {
    long next = now + 1;
    lastFlush = next;
    now = next;
  }

  /** Whether anything at all was flushed after {@code since}. */
  public boolean flushedSince(long since) {
    return lastFlush > since;
  }

  /** Whether the key of this stored hash changed after {@code since}, by name or by stripe. */
  public boolean changedSince(TokenHash stored, long since) {
    return lastFlush > since || lastChange.get(stripe(stored)) > since;
  }

  /** Whether this owner changed after {@code since}, by name or by stripe. */
  public boolean changedSince(UUID id, long since) {
    return lastFlush > since || lastChange.get(stripe(id)) > since;
  }

  /** Whether any owner changed after {@code since}: for loads whose owner is not known yet. */
  public boolean anyOwnerChangedSince(long since) {
    return lastFlush > since || lastOwnerChange > since;
  }

  private static int stripe(TokenHash stored) {
    return (int) (stored.d() & (STRIPES - 1)); // uniform already
  }

  private static int stripe(UUID id) {
    long bits = id.getMostSignificantBits() * 0x9E3779B97F4A7C15L ^ id.getLeastSignificantBits();
    return (int) ((bits * 0x9E3779B97F4A7C15L) >>> 48);
  }
}
