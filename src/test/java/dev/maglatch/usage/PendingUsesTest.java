// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class PendingUsesTest {
  private static final long HOUR = 3_600_000;

  /** Compares what is taken out, batch by batch, with sums in maps. */
  @Test
  void everyUseIsHandedOutOnceInTheHourItCameIn() {
    Random random = new Random(7);
    Map<UUID, Map<Long, Long>> expected = new HashMap<>();
    Map<UUID, Long> latest = new HashMap<>();
    PendingUses uses = new PendingUses(0);
    for (int i = 0; i < 20_000; i++) {
      UUID key = new UUID(random.nextInt(3), random.nextInt(1_000));
      long at = HOUR * random.nextInt(3) + random.nextInt((int) HOUR);
      int row = uses.find(key);
      uses.note(row < 0 ? uses.add(key) : row, at, "at " + at, null);
      expected.computeIfAbsent(key, any -> new TreeMap<>()).merge(at / HOUR * HOUR, 1L, Long::sum);
      latest.merge(key, at, Math::max);
    }

    assertThat(uses.waiting()).isEqualTo(expected.size());
    assertThat(handOut(uses, latest)).isEqualTo(expected);
    assertThat(uses.waiting()).isZero();
    assertThat(uses.unwritten().rows()).isZero();
  }

  private static Map<UUID, Map<Long, Long>> handOut(PendingUses uses, Map<UUID, Long> latest) {
    Map<UUID, Map<Long, Long>> counts = new HashMap<>();
    while (uses.waiting() > 0) {
      for (int from = 0; from < uses.rows(); from += 100) {
        List<KeyUsage> batch = uses.firstHours(from, 100);
        for (KeyUsage one : batch) {
          Map<Long, Long> hours = counts.computeIfAbsent(one.keyId(), any -> new TreeMap<>());
          assertThat(hours).doesNotContainKey(one.hour());
          assertThat(hours.keySet()).allMatch(earlier -> earlier < one.hour());
          hours.put(one.hour(), one.requests());
          assertThat(one.usedAt()).isEqualTo(latest.get(one.keyId()));
          assertThat(one.address()).isEqualTo("at " + one.usedAt());
        }
        uses.written(batch);
      }
    }
    return counts;
  }

  @Test
  void whatIsWrittenLeavesRoomAndWhatIsNotStays() {
    PendingUses uses = new PendingUses(0);
    List<UUID> keys = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      keys.add(new UUID(0, i));
      uses.note(uses.add(keys.get(i)), i, null, "agent " + i);
    }
    uses.written(uses.firstHours(0, 4));

    PendingUses left = uses.unwritten();

    assertThat(left.rows()).isEqualTo(6);
    assertThat(left.firstHours(0, 100))
        .extracting(KeyUsage::userAgent)
        .containsExactly("agent 4", "agent 5", "agent 6", "agent 7", "agent 8", "agent 9");
    assertThat(left.find(keys.get(3))).isEqualTo(-1);
  }

  @Test
  void keyUsedAgainAfterItWasWrittenWaitsAgain() {
    PendingUses uses = new PendingUses(0);
    UUID key = new UUID(1, 2);
    int row = uses.add(key);
    uses.note(row, 5, null, null);
    uses.written(uses.firstHours(0, 1));

    uses.note(uses.find(key), HOUR + 5, null, null);

    assertThat(uses.waiting()).isEqualTo(1);
    assertThat(uses.firstHours(0, 1))
        .containsExactly(new KeyUsage(key, HOUR + 5, null, null, HOUR, 1));
  }

  @Test
  void whatFindsNoRoomIsCounted() {
    PendingUses full = new PendingUses(0);
    UUID known = new UUID(0, 1);
    full.note(full.add(known), HOUR, null, null);
    PendingUses more = new PendingUses(0);
    UUID unknown = new UUID(0, 2);
    for (long at : new long[] {0, HOUR, HOUR, 2 * HOUR}) {
      more.note(more.find(known) < 0 ? more.add(known) : 0, at, null, null);
      more.note(more.find(unknown) < 0 ? more.add(unknown) : 1, at, null, null);
    }

    long dropped = full.addAll(more, 1);

    assertThat(dropped).isEqualTo(4 + 1); // all of the unknown one, one further hour of the other
    assertThat(full.waiting()).isEqualTo(1);
    assertThat(full.firstHours(0, 1))
        .containsExactly(new KeyUsage(known, 2 * HOUR, null, null, 0, 1));
  }
}
