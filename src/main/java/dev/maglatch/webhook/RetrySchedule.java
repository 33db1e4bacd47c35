// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import static java.util.Objects.requireNonNull;

import dev.maglatch.webhook.DeliveryQueue.Claimed;
import dev.maglatch.webhook.DeliveryQueue.Settlement;
import dev.maglatch.webhook.DeliveryQueue.Status;
import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Decides how a delivery goes on after an attempt: five attempts, with waits of 5 s, 30 s, 2 min
 * and 10 min, each a quarter more or less, so that what failed together does not come back
 * together. A receiver's {@code Retry-After} takes the place of the wait.
 */
final class RetrySchedule {
  private static final List<Duration> WAITS =
      List.of(
          Duration.ofSeconds(5),
          Duration.ofSeconds(30),
          Duration.ofMinutes(2),
          Duration.ofMinutes(10));

  private static final double SPREAD = 0.25;
  private static final int REQUEST_TIMEOUT = 408;
  private static final int GONE = 410;
  private static final int TOO_MANY_REQUESTS = 429;

  private final RandomGenerator random;

  RetrySchedule(RandomGenerator random) {
    this.random = requireNonNull(random, "random");
  }

  /** Returns what is to be written about {@code delivery} after {@code attempt}. */
  Settlement after(Claimed delivery, Attempt attempt) {
    Status status = status(delivery, attempt);
    Duration wait = status == Status.PENDING ? waitAfter(delivery, attempt) : Duration.ZERO;
    return Settlement.after(delivery, attempt, status, wait);
  }

  private static Status status(Claimed delivery, Attempt attempt) {
    return switch (attempt.kind()) {
      case FORBIDDEN -> Status.DEAD;
      case UNREACHABLE, UNSENT -> again(delivery);
      case ANSWERED -> {
        if (attempt.status() / 100 == 2) {
          yield Status.DELIVERED;
        }
        if (attempt.status() == GONE) {
          yield Status.GONE;
        }
        yield isTemporary(attempt.status()) ? again(delivery) : Status.DEAD;
      }
    };
  }

  private static boolean isTemporary(int status) {
    return status == REQUEST_TIMEOUT || status == TOO_MANY_REQUESTS || status / 100 == 5;
  }

  private static Status again(Claimed delivery) {
    return delivery.attempts() < WAITS.size() ? Status.PENDING : Status.DEAD;
  }

  private Duration waitAfter(Claimed delivery, Attempt attempt) {
    Duration asked = attempt.retryAfter();
    if (asked != null) {
      return asked;
    }
    double factor = 1 - SPREAD + 2 * SPREAD * random.nextDouble();
    return Duration.ofMillis((long) (WAITS.get(delivery.attempts()).toMillis() * factor));
  }
}
