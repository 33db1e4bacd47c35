// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.cluster.Change.Entity;
import dev.maglatch.cluster.Lease.Standing;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class LeaseTest {
  private static final long SECOND = 1_000_000_000L;

  private final List<String> evicted = new ArrayList<>();
  private final Lease lease =
      new Lease(
          Duration.ofSeconds(3),
          new Evictions() {
            @Override
            public void changed(Change change) {
              evicted.add("" + change.number());
            }

            @Override
            public void everythingChanged() {
              evicted.add("all");
            }
          });

  @Test
  void nothingIsTrustedBeforeTheFirstAnswer() {
    assertThat(lease.standing(0)).isEqualTo(Standing.UNCERTAIN);
    lease.renewalFailed();
    assertThat(lease.standing(0)).isEqualTo(Standing.LOST);
  }

  /** Rule 3: however late the answer comes, the lease counts from before the question. */
  @Test
  void leaseCountsFromBeforeTheRenewalWasSent() {
    lease.renewed(10 * SECOND, answer(5));

    assertThat(lease.standing(13 * SECOND - 1)).isEqualTo(Standing.HELD);
    assertThat(lease.standing(13 * SECOND)).isEqualTo(Standing.UNCERTAIN);
  }

  /**
   * Rule 3: a machine that slept wakes with a lease long over, whatever its timers have not done
   * yet.
   */
  @Test
  void leaseIsOverAfterAPauseThoughNoTimerRan() {
    lease.renewed(0, answer(5));

    assertThat(lease.standing(60 * SECOND)).isEqualTo(Standing.UNCERTAIN);
    assertThat(lease.nanosSinceEnd(60 * SECOND)).isEqualTo(57 * SECOND);
  }

  @Test
  void failedRenewalLosesNothingWhileTheLeaseLasts() {
    lease.renewed(0, answer(5));
    lease.renewalFailed();

    assertThat(lease.standing(SECOND)).isEqualTo(Standing.HELD);
    assertThat(lease.standing(4 * SECOND)).isEqualTo(Standing.LOST);
    lease.renewed(5 * SECOND, answer(5));
    assertThat(lease.standing(5 * SECOND)).isEqualTo(Standing.HELD);
  }

  @Test
  void changesAreAppliedInOrderAndThenAcknowledged() {
    assertThat(lease.renewed(0, answer(5))).isTrue();
    evicted.clear();

    assertThat(lease.renewed(SECOND, answer(8, 6, 7, 8))).isTrue();
    assertThat(evicted).containsExactly("6", "7", "8");
    assertThat(lease.applied().number()).isEqualTo(8);
    assertThat(lease.renewed(2 * SECOND, answer(8))).isFalse();
  }

  /** Rule 7: whatever breaks the feed's history drops everything. */
  @Test
  void gapRestartOrOtherHistoryDropsEverything() {
    lease.renewed(0, answer(5));
    for (Renewal broken :
        List.of(
            new Renewal("a/1", true, 9, true, List.of(), Instant.EPOCH, 1),
            new Renewal("a/1", true, 3, false, List.of(), Instant.EPOCH, 1),
            new Renewal("a/2", true, 3, false, List.of(), Instant.EPOCH, 1))) {
      evicted.clear();
      lease.renewed(SECOND, broken);
      assertThat(evicted).containsExactly("all");
      assertThat(lease.applied().number()).isEqualTo(broken.newest());
    }
  }

  @Test
  void serverInRecoveryGivesNoLease() {
    lease.renewed(0, answer(5));
    evicted.clear();

    lease.renewed(SECOND, new Renewal("", false, 0, true, List.of(), Instant.EPOCH, 0));

    assertThat(evicted).containsExactly("all");
    assertThat(lease.standing(4 * SECOND)).isEqualTo(Standing.LOST);
  }

  private static Renewal answer(long newest, long... numbers) {
    List<Change> changes = new ArrayList<>();
    for (long number : numbers) {
      changes.add(new Change(number, Entity.OWNER, new UUID(0, number), null, null));
    }
    return new Renewal("a/1", true, newest, false, changes, Instant.EPOCH, 1);
  }
}
