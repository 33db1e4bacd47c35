// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import static java.util.Objects.requireNonNull;

import dev.maglatch.secret.SealedText;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The deliveries that are due, shared by all replicas: each is handed to one of them at a time.
 *
 * <p>A claim lasts for the lease. Who has not settled it by then has lost it, and his result counts
 * no more. Every future fails with {@code STORE_UNAVAILABLE} when the store does not answer.
 */
public interface DeliveryQueue {
  /**
   * Has {@code handler} called when deliveries may have become due. It may be called for nothing.
   */
  Future<Void> listen(Runnable handler);

  /** Returns deliveries that are this replica's until the lease is over, the oldest first. */
  Future<List<Claimed>> claim(Claim claim);

  /**
   * Writes what came of claims. What another claim has overtaken is left out, and so is what was
   * written before: who does not know whether it was may write it again.
   */
  Future<Void> settle(List<Settlement> settlements);

  /** Returns how long the oldest delivery that nobody has claimed has been due; zero if none is. */
  Future<Duration> age();

  /**
   * Forgets events that are older than {@code retention}, the oldest first, and their deliveries.
   *
   * @param max at most so many events, and none more after so many deliveries
   * @return how many events; zero when none is too old
   */
  Future<Integer> prune(Duration retention, int max);

  /**
   * What one replica has room for.
   *
   * @param replica who asks
   * @param max most deliveries in all
   * @param perDestination most of one destination that is not in {@code room}
   * @param room most of these destinations; zero for those that are to be left alone
   */
  record Claim(
      UUID replica, int max, int perDestination, Map<String, Integer> room, Duration lease) {}

  /**
   * One delivery, claimed.
   *
   * @param claim names this claim among those of the delivery
   * @param eventId the {@code webhook-id}
   * @param attempts how many were made before
   * @param destination what bounds are kept for
   * @param keyId what the secrets are sealed for
   * @param url null if nothing may be sent any more
   * @param obstacle why nothing may be sent, for the key's owner; null if there is a URL
   * @param secrets the newest first; they may be empty without a URL
   */
  record Claimed(
      UUID id,
      long claim,
      UUID eventId,
      String body,
      int attempts,
      String destination,
      UUID keyId,
      @Nullable String url,
      @Nullable String obstacle,
      List<SealedText> secrets) {}

  /** How a delivery goes on. */
  enum Status {
    PENDING,
    DELIVERED,
    /** Given up: the dead letters. */
    DEAD,
    /** The receiver has said that it is gone for good. */
    GONE
  }

  /**
   * What came of one claim.
   *
   * @param pause until the next attempt; zero unless {@link Status#PENDING}
   * @param attempt null if none was made
   * @param url where it went; null if none was made
   * @param obstacle why none was made; null if one was
   */
  record Settlement(
      UUID id,
      long claim,
      Status status,
      Duration pause,
      @Nullable Attempt attempt,
      @Nullable String url,
      @Nullable String obstacle) {

    /** Returns what comes of an attempt at {@code delivery}, which has a URL. */
    public static Settlement after(
        Claimed delivery, Attempt attempt, Status status, Duration pause) {
      return new Settlement(
          delivery.id(),
          delivery.claim(),
          status,
          pause,
          attempt,
          requireNonNull(delivery.url(), "an attempt needs a URL"),
          null);
    }

    /** Returns that {@code delivery} is given up, since nothing may be sent. */
    public static Settlement unsent(Claimed delivery) {
      return new Settlement(
          delivery.id(),
          delivery.claim(),
          Status.DEAD,
          Duration.ZERO,
          null,
          null,
          requireNonNull(delivery.obstacle(), "without a URL it is said why"));
    }
  }
}
