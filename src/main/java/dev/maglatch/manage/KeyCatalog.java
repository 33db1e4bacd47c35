// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import dev.maglatch.key.KeyKind;
import io.vertx.core.Future;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The keys that an account may see, of every kind at once, to be looked through by people.
 *
 * <p>An account sees its own keys; an owner sees all organization keys too.
 */
public interface KeyCatalog {
  /**
   * Returns a part of the keys that fit. Fails with {@code STORE_UNAVAILABLE} when the store cannot
   * be reached or does not answer in time.
   */
  Future<Found> search(Viewer viewer, Filter filter, Order order, Page page);

  /**
   * Returns how many requests all keys that {@code viewer} sees have had, by hour, oldest first;
   * hours without one are left out.
   *
   * @param from the first hour
   */
  Future<List<Hour>> requests(Viewer viewer, Instant from);

  /**
   * Returns those of {@code keys} that were refused for their rate limit in a window of the clock
   * that runs still, each with the end of that window.
   */
  Future<Map<UUID, Instant>> limited(List<UUID> keys);

  /** Who looks. */
  record Viewer(UUID organizationId, UUID accountId, boolean owner) {}

  /**
   * Which keys.
   *
   * @param text is in the name, the description or the prefix, whatever its case; empty for any
   * @param kind null for every kind
   * @param state null for every state
   */
  record Filter(String text, @Nullable KeyKind kind, @Nullable State state) {}

  /** How the keys are put in order; equal ones newest first. */
  record Order(Column by, boolean descending) {}

  /** What keys can be put in order by. */
  enum Column {
    NAME,
    CREATED,
    USED,
    EXPIRES
  }

  /** What became of a key. */
  enum State {
    /** Good, and no end of it is near. */
    ACTIVE,
    /** Good for at most seven more days, or in its grace period. */
    EXPIRING,
    /** Neither revoked nor expired, but its account or service account is disabled. */
    SUSPENDED,
    EXPIRED,
    REVOKED,
    /** Good, and refused for its rate limit in the window of the clock that runs now. */
    LIMITED
  }

  /** The requests of one hour, which begins at {@code start}. */
  record Hour(Instant start, long requests) {}

  /**
   * Some of the keys that fit.
   *
   * @param total how many fit; 0 if there is none on this page
   */
  record Found(List<KeyRecord> keys, long total) {}
}
