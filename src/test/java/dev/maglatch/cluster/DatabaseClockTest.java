// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class DatabaseClockTest {
  private static final Instant DATABASE = Instant.parse("2026-02-18T10:00:00.250Z");

  private Instant wall = Instant.parse("2026-02-18T09:00:00Z");
  private long nanos = Duration.ofDays(3).toNanos();
  private final DatabaseClock clock = new DatabaseClock(() -> wall, () -> nanos);

  @Test
  void showsThisMachinesTimeBeforeTheFirstRenewal() {
    assertThat(clock.instant()).isEqualTo(wall);
    assertThat(clock.millis()).isEqualTo(wall.toEpochMilli());
  }

  /** Rule 9: the database read its clock between the question and the answer. */
  @Test
  void countsFromTheMiddleOfTheRoundTrip() {
    long sent = nanos;
    nanos += Duration.ofMillis(100).toNanos();
    clock.learn(DATABASE, sent, nanos);

    assertThat(clock.instant()).isEqualTo(DATABASE.plusMillis(50));
    assertThat(clock.millis()).isEqualTo(DATABASE.plusMillis(50).toEpochMilli());
  }

  /** Rule 9: an hour more or less on this machine expires no key and saves none. */
  @Test
  void stepOfTheWallClockChangesNothing() {
    clock.learn(DATABASE, nanos, nanos);
    wall = wall.minusSeconds(3600);
    nanos += Duration.ofSeconds(7).toNanos();

    assertThat(clock.instant()).isEqualTo(DATABASE.plusSeconds(7));
  }
}
