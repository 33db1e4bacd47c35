// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.webhook.Attempt.Kind;
import dev.maglatch.webhook.DeliveryQueue.Claim;
import dev.maglatch.webhook.DeliveryQueue.Claimed;
import dev.maglatch.webhook.DeliveryQueue.Settlement;
import dev.maglatch.webhook.DeliveryQueue.Status;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What every {@link DeliveryQueue} does. */
public abstract class DeliveryQueueContract {
  private static final String A = "https://a.example";
  private static final String B = "https://b.example";
  private static final UUID ONE = UUID.randomUUID();
  private static final UUID OTHER = UUID.randomUUID();
  private static final Duration LEASE = Duration.ofMinutes(10);
  private static final Duration ALMOST = Duration.ofMinutes(8);

  /** Empty at the beginning of each test. */
  protected abstract DeliveryQueue queue();

  /** Adds a delivery that is due, and that goes to {@code destination} with the path /in. */
  protected abstract UUID add(String destination);

  /** Leaves the key of a delivery without a URL. */
  protected abstract void takeUrlAway(UUID delivery);

  /** Returns status and number of attempts, such as {@code PENDING 1}; null if it is forgotten. */
  protected abstract @Nullable String state(UUID delivery);

  /** Lets time pass for the queue. */
  protected abstract void elapse(Duration duration);

  protected abstract <T> T result(Future<T> future);

  @Test
  void claimedDeliveryIsNobodyElsesUntilTheLeaseIsOver() {
    add(A);

    Claimed first = claim(ONE).get(0);
    assertThat(claim(OTHER)).isEmpty();
    assertThat(claim(ONE)).isEmpty();
    elapse(ALMOST);
    assertThat(claim(OTHER)).isEmpty();
    elapse(LEASE.minus(ALMOST));

    Claimed second = claim(OTHER).get(0);
    assertThat(second.id()).isEqualTo(first.id());
    assertThat(second.eventId()).isEqualTo(first.eventId());
    assertThat(second.body()).isEqualTo(first.body());
    assertThat(second.claim()).isGreaterThan(first.claim());
    assertThat(second.attempts()).isZero();
    assertThat(second.url()).isEqualTo(A + "/in");
  }

  @Test
  void resultOfAnOvertakenClaimIsLeftOut() {
    UUID id = add(A);
    Claimed first = claim(ONE).get(0);
    elapse(LEASE);
    Claimed second = claim(OTHER).get(0);

    settle(first, Status.DELIVERED);
    assertThat(state(id)).isEqualTo("PENDING 0");

    settle(second, Status.DELIVERED);
    assertThat(state(id)).isEqualTo("DELIVERED 1");
  }

  /** Late, but nobody else has claimed it: it counts. */
  @Test
  void resultAfterTheLeaseCountsWhileNobodyHasClaimed() {
    UUID id = add(A);
    Claimed claimed = claim(ONE).get(0);
    elapse(LEASE.multipliedBy(2));

    settle(claimed, Status.DELIVERED);

    assertThat(state(id)).isEqualTo("DELIVERED 1");
    assertThat(claim(OTHER)).isEmpty();
  }

  @Test
  void oneResultCountsOnce() {
    UUID id = add(A);
    Claimed claimed = claim(ONE).get(0);

    settle(claimed, Status.DELIVERED);
    settle(claimed, Status.DEAD);

    assertThat(state(id)).isEqualTo("DELIVERED 1");
  }

  /** Who got no answer writes once more what may be written already. */
  @Test
  void resultThatIsWrittenTwiceCountsOnce() {
    UUID id = add(A);
    UUID other = add(B);
    List<Settlement> results =
        claim(ONE).stream().map(one -> settlement(one, Status.PENDING, LEASE)).toList();

    result(queue().settle(results));
    result(queue().settle(results));

    assertThat(state(id)).isEqualTo("PENDING 1");
    assertThat(state(other)).isEqualTo("PENDING 1");
    elapse(ALMOST);
    assertThat(claim(OTHER)).isEmpty();
  }

  @Test
  void pendingDeliveryComesAgainAfterItsPause() {
    UUID id = add(A);
    result(queue().settle(List.of(settlement(claim(ONE).get(0), Status.PENDING, LEASE))));

    assertThat(state(id)).isEqualTo("PENDING 1");
    elapse(ALMOST);
    assertThat(claim(ONE)).isEmpty();
    elapse(LEASE.minus(ALMOST));
    assertThat(claim(OTHER).get(0).attempts()).isEqualTo(1);
  }

  @Test
  void whatIsOverNeverComesAgain() {
    for (Status status : List.of(Status.DELIVERED, Status.DEAD, Status.GONE)) {
      UUID id = add(A);
      settle(claim(ONE).get(0), status);

      elapse(Duration.ofDays(1));

      assertThat(claim(OTHER)).isEmpty();
      assertThat(state(id)).isEqualTo(status + " 1");
    }
  }

  @Test
  void neverMoreIsClaimedThanThereIsRoomFor() {
    IntStream.range(0, 9).forEach(i -> add(A));
    IntStream.range(0, 9).forEach(i -> add(B));

    assertThat(destinations(claim(3, 8, Map.of()))).hasSize(3);
    assertThat(destinations(claim(9, 2, Map.of()))).containsExactlyInAnyOrder(A, A, B, B);
    assertThat(destinations(claim(9, 2, Map.of(A, 0)))).containsExactly(B, B);
    assertThat(destinations(claim(9, 2, Map.of(B, 1)))).containsExactlyInAnyOrder(A, A, B);
    assertThat(destinations(claim(9, 0, Map.of(A, 1)))).containsExactly(A);
  }

  @Test
  void whatIsDueLongestComesFirst() {
    UUID first = add(A);
    elapse(Duration.ofSeconds(1));
    UUID second = add(B);
    elapse(Duration.ofSeconds(1));
    UUID third = add(A);

    assertThat(claim(1, 1, Map.of()).get(0).id()).isEqualTo(first);
    assertThat(claim(1, 1, Map.of()).get(0).id()).isEqualTo(second);
    assertThat(claim(1, 1, Map.of()).get(0).id()).isEqualTo(third);
  }

  @Test
  void deliveryOfAKeyWithoutUrlIsClaimedAndIsNoAttempt() {
    UUID id = add(A);
    takeUrlAway(id);

    Claimed claimed = claim(ONE).get(0);
    assertThat(claimed.url()).isNull();
    assertThat(claimed.obstacle()).isNotNull();
    result(queue().settle(List.of(Settlement.unsent(claimed))));

    assertThat(state(id)).isEqualTo("DEAD 0");
  }

  @Test
  void ageIsThatOfTheOldestThatWaits() {
    assertThat(result(queue().age())).isZero();
    add(A);
    elapse(Duration.ofSeconds(100));
    add(B);
    assertThat(result(queue().age())).isBetween(Duration.ofSeconds(100), Duration.ofSeconds(160));

    claim(9, 9, Map.of());

    assertThat(result(queue().age())).isZero();
  }

  @Test
  void whatIsOlderThanTheRetentionIsForgotten() {
    UUID oldest = add(A);
    elapse(Duration.ofSeconds(1));
    UUID old = add(A);
    elapse(Duration.ofHours(2));
    UUID young = add(A);

    assertThat(result(queue().prune(Duration.ofHours(1), 1))).isEqualTo(1);
    assertThat(state(oldest)).isNull();
    assertThat(state(old)).isEqualTo("PENDING 0");
    assertThat(result(queue().prune(Duration.ofHours(1), 9))).isEqualTo(1);
    assertThat(state(old)).isNull();
    assertThat(state(young)).isEqualTo("PENDING 0");
    assertThat(result(queue().prune(Duration.ofHours(1), 9))).isZero();
  }

  private List<Claimed> claim(UUID replica) {
    return result(queue().claim(new Claim(replica, 9, 9, Map.of(), LEASE)));
  }

  private List<Claimed> claim(int max, int perDestination, Map<String, Integer> room) {
    return result(queue().claim(new Claim(ONE, max, perDestination, room, LEASE)));
  }

  private static List<String> destinations(List<Claimed> claimed) {
    return claimed.stream().map(Claimed::destination).toList();
  }

  private void settle(Claimed claimed, Status status) {
    result(queue().settle(List.of(settlement(claimed, status, Duration.ZERO))));
  }

  private static Settlement settlement(Claimed claimed, Status status, Duration pause) {
    Attempt attempt = new Attempt(Kind.ANSWERED, 200, "ok", null, null, 7, Map.of("host", "a"));
    return Settlement.after(claimed, attempt, status, pause);
  }
}
