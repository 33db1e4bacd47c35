// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.Await;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What every {@link UsageStore} does. */
public abstract class UsageStoreContract {
  private static final Instant EARLY = Instant.parse("2026-02-18T10:05:06.609Z");
  private static final Instant LATE = EARLY.plusMillis(1);
  private static final Instant HOUR = Instant.parse("2026-02-18T10:00:00Z");

  protected abstract UsageStore store();

  /** Makes a key that has never been used. */
  protected abstract UUID newKey();

  protected abstract void deleteKey(UUID keyId);

  protected abstract @Nullable LastUse lastUse(UUID keyId);

  protected abstract Map<Instant, Long> hours(UUID keyId);

  @Test
  void firstUseIsKeptToTheMillisecond() {
    LastUse use = new LastUse(newKey(), EARLY, "192.0.2.1", "curl/8");

    save(use);

    assertThat(lastUse(use.keyId())).isEqualTo(use);
  }

  @Test
  void absentAddressAndAgentReplaceKnownOnes() {
    UUID key = newKey();
    save(new LastUse(key, EARLY, "192.0.2.1", "curl/8"));

    save(new LastUse(key, LATE, null, null));

    assertThat(lastUse(key)).isEqualTo(new LastUse(key, LATE, null, null));
  }

  @Test
  void olderInstantNeverReplacesNewer() {
    UUID key = newKey();
    LastUse newer = new LastUse(key, LATE, "192.0.2.1", "new");
    save(newer);

    save(new LastUse(key, EARLY, "192.0.2.2", "old"));

    assertThat(lastUse(key)).isEqualTo(newer);
  }

  @Test
  void sameBatchTwiceChangesNothing() {
    UUID key = newKey();
    save(new LastUse(key, LATE, "192.0.2.1", "first"));

    save(new LastUse(key, LATE, "192.0.2.2", "second"));

    assertThat(lastUse(key)).isEqualTo(new LastUse(key, LATE, "192.0.2.1", "first"));
  }

  @Test
  void unknownKeysAreIgnoredAndTheOthersWritten() {
    UUID known = newKey();
    UUID deleted = newKey();
    save(new LastUse(deleted, EARLY, null, null));
    deleteKey(deleted);
    UUID unknown = UUID.randomUUID();

    save(
        new LastUse(known, LATE, null, null),
        new LastUse(deleted, LATE, null, null),
        new LastUse(unknown, LATE, null, null));
    count(
        new HourlyRequests(known, HOUR, 3),
        new HourlyRequests(deleted, HOUR, 4),
        new HourlyRequests(unknown, HOUR, 5));

    assertThat(lastUse(known)).isEqualTo(new LastUse(known, LATE, null, null));
    assertThat(hours(known)).containsExactly(Map.entry(HOUR, 3L));
    assertThat(lastUse(deleted)).isNull();
    assertThat(hours(deleted)).isEmpty();
    assertThat(lastUse(unknown)).isNull();
  }

  @Test
  void requestsOfAnHourAddUp() {
    UUID key = newKey();
    Instant nextHour = HOUR.plusSeconds(3600);

    count(new HourlyRequests(key, HOUR, 3), new HourlyRequests(key, nextHour, 1));
    count(new HourlyRequests(key, HOUR, 4_000_000_000L));

    assertThat(hours(key)).containsOnly(Map.entry(HOUR, 4_000_000_003L), Map.entry(nextHour, 1L));
  }

  @Test
  void hoursBeforeTheEndAreRemovedUpToTheGivenNumber() {
    UUID key = newKey();
    Instant old = Instant.parse("2020-01-01T00:00:00Z");
    count(
        new HourlyRequests(key, old, 1),
        new HourlyRequests(key, old.plusSeconds(3600), 1),
        new HourlyRequests(key, old.plusSeconds(7200), 1));
    Instant end = old.plusSeconds(7200);

    assertThat(Await.result(store().removeHoursBefore(end, 1))).isEqualTo(1);
    assertThat(Await.result(store().removeHoursBefore(end, 10))).isEqualTo(1);
    assertThat(Await.result(store().removeHoursBefore(end, 10))).isZero();
    assertThat(hours(key)).containsOnlyKeys(end);
  }

  @Test
  void greatestBatchIsWritten() {
    UUID key = newKey();
    List<LastUse> uses = new ArrayList<>(List.of(new LastUse(key, LATE, null, null)));
    List<HourlyRequests> counts = new ArrayList<>(List.of(new HourlyRequests(key, HOUR, 1)));
    while (uses.size() < UsageStore.MAX_ROWS) {
      UUID other = UUID.randomUUID();
      uses.add(new LastUse(other, LATE, "2001:db8::1", "agent"));
      counts.add(new HourlyRequests(other, HOUR, 1));
    }

    Await.result(store().saveLastUses(uses));
    Await.result(store().addRequests(counts));

    assertThat(lastUse(key)).isNotNull();
    assertThat(hours(key)).hasSize(1);
  }

  private void save(LastUse... uses) {
    Await.result(store().saveLastUses(List.of(uses)));
  }

  private void count(HourlyRequests... counts) {
    Await.result(store().addRequests(List.of(counts)));
  }
}
