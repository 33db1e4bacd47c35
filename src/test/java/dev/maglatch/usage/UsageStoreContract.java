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
  private static final Instant EARLIER_HOUR = HOUR.minusSeconds(3600);
  private static final Instant NEXT_HOUR = HOUR.plusSeconds(3600);

  protected abstract UsageStore store();

  /** Makes a key that has never been used. */
  protected abstract UUID newKey();

  protected abstract void deleteKey(UUID keyId);

  protected abstract @Nullable LastUse lastUse(UUID keyId);

  protected abstract Map<Instant, Long> hours(UUID keyId);

  @Test
  void firstUseIsKeptToTheMillisecond() {
    KeyUsage use = used(newKey(), EARLY, "192.0.2.1", "curl/8");

    add(use);

    assertThat(lastUse(use.keyId())).isEqualTo(new LastUse(EARLY, "192.0.2.1", "curl/8"));
  }

  @Test
  void absentAddressAndAgentReplaceKnownOnes() {
    UUID key = newKey();
    add(used(key, EARLY, "192.0.2.1", "curl/8"));

    add(used(key, LATE, null, null));

    assertThat(lastUse(key)).isEqualTo(new LastUse(LATE, null, null));
  }

  @Test
  void olderUseIsCountedAndNeverReplacesTheNewer() {
    UUID key = newKey();
    add(used(key, LATE, "192.0.2.1", "new"));

    add(used(key, EARLY, "192.0.2.2", "old"));

    assertThat(lastUse(key)).isEqualTo(new LastUse(LATE, "192.0.2.1", "new"));
    assertThat(hours(key)).containsExactly(Map.entry(HOUR, 2L));
  }

  @Test
  void ofTwoUsesAtOneInstantTheFirstStays() {
    UUID key = newKey();
    add(used(key, LATE, "192.0.2.1", "first"));

    add(used(key, LATE, "192.0.2.2", "second"));

    assertThat(lastUse(key)).isEqualTo(new LastUse(LATE, "192.0.2.1", "first"));
  }

  @Test
  void unknownKeysAreIgnoredAndTheOthersWritten() {
    UUID known = newKey();
    UUID deleted = newKey();
    add(used(deleted, EARLY, null, null));
    deleteKey(deleted);
    UUID unknown = UUID.randomUUID();

    add(
        used(known, LATE, null, null),
        used(deleted, LATE, null, null),
        used(unknown, LATE, null, null));

    assertThat(lastUse(known)).isEqualTo(new LastUse(LATE, null, null));
    assertThat(hours(known)).containsExactly(Map.entry(HOUR, 1L));
    assertThat(lastUse(deleted)).isNull();
    assertThat(hours(deleted)).isEmpty();
    assertThat(lastUse(unknown)).isNull();
  }

  @Test
  void requestsOfAnHourAddUp() {
    UUID key = newKey();

    add(counted(key, HOUR, 3));
    add(counted(key, HOUR, 4_000_000_000L));

    assertThat(hours(key)).containsExactly(Map.entry(HOUR, 4_000_000_003L));
  }

  /** Replicas write late, and their clocks turn the hour at different times. */
  @Test
  void hoursAreCountedInWhateverOrderTheyCome() {
    UUID key = newKey();

    for (Instant hour : List.of(HOUR, NEXT_HOUR, HOUR, EARLIER_HOUR, NEXT_HOUR, EARLIER_HOUR)) {
      add(counted(key, hour, 1));
      add(counted(key, hour, 10));
    }

    assertThat(hours(key))
        .containsOnly(
            Map.entry(EARLIER_HOUR, 22L), Map.entry(HOUR, 22L), Map.entry(NEXT_HOUR, 22L));
  }

  @Test
  void hoursBeforeTheEndAreRemovedUpToTheGivenNumber() {
    UUID key = newKey();
    add(counted(key, EARLIER_HOUR, 1));
    add(counted(key, HOUR, 1));
    add(counted(key, NEXT_HOUR, 1));

    assertThat(Await.result(store().removeHoursBefore(NEXT_HOUR, 1))).isEqualTo(1);
    assertThat(Await.result(store().removeHoursBefore(NEXT_HOUR, 10))).isEqualTo(1);
    assertThat(Await.result(store().removeHoursBefore(NEXT_HOUR, 10))).isZero();
    assertThat(hours(key)).containsOnlyKeys(NEXT_HOUR);
  }

  @Test
  void latestHourOfAKeyStays() {
    UUID key = newKey();
    add(counted(key, HOUR, 1));

    assertThat(Await.result(store().removeHoursBefore(NEXT_HOUR, 10))).isZero();
    assertThat(hours(key)).containsOnlyKeys(HOUR);
  }

  @Test
  void greatestBatchIsWritten() {
    UUID key = newKey();
    List<KeyUsage> usage = new ArrayList<>(List.of(used(key, LATE, null, null)));
    while (usage.size() < UsageStore.MAX_ROWS) {
      usage.add(used(UUID.randomUUID(), LATE, "2001:db8::1", "agent"));
    }

    Await.result(store().add(usage));

    assertThat(lastUse(key)).isNotNull();
    assertThat(hours(key)).hasSize(1);
  }

  private static KeyUsage used(
      UUID key, Instant at, @Nullable String address, @Nullable String agent) {
    return new KeyUsage(key, at.toEpochMilli(), address, agent, HOUR.toEpochMilli(), 1);
  }

  private static KeyUsage counted(UUID key, Instant hour, long requests) {
    long start = hour.toEpochMilli();
    return new KeyUsage(key, start, null, null, start, requests);
  }

  private void add(KeyUsage... usage) {
    Await.result(store().add(List.of(usage)));
  }
}
