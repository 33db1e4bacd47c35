// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.limit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.http.Quota;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.KeyPolicy.RateLimit;
import dev.maglatch.key.Principal;
import dev.maglatch.key.Principals;
import io.vertx.core.MultiMap;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class KeyLimitsTest {
  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  private long now = Long.MAX_VALUE - 30 * SECOND; // the clock may overflow
  private int replicas = 1;
  private final List<Principal> reached = new ArrayList<>();
  private final KeyLimits limits = replica();

  private KeyLimits replica() {
    return new KeyLimits(() -> replicas, () -> now, reached::add);
  }

  private static Principal key(UUID id, @Nullable RateLimit limit) {
    return Principals.ofKey(id, new KeyPolicy(null, limit));
  }

  private static Principal key(int limit, int windowSeconds) {
    return key(UUID.randomUUID(), new RateLimit(limit, windowSeconds));
  }

  private static Quota taken(KeyLimits limits, Principal key) {
    Quota quota = limits.take(key);
    assertThat(quota).isNotNull();
    return quota;
  }

  private static int admitted(KeyLimits limits, Principal key, int requests) {
    int admitted = 0;
    for (int i = 0; i < requests; i++) {
      admitted += taken(limits, key).refused() ? 0 : 1;
    }
    return admitted;
  }

  @Test
  void keyWithoutALimitIsNotCounted() {
    assertThat(limits.take(key(UUID.randomUUID(), null))).isNull();
    assertThat(limits.size()).isZero();
  }

  @Test
  void limitHoldsUntilTheWindowIsOver() {
    Principal key = key(3, 60);

    assertThat(admitted(limits, key, 10)).isEqualTo(3);
    now += 60 * SECOND - 1;
    assertThat(admitted(limits, key, 10)).isZero();
    now += 1;
    assertThat(admitted(limits, key, 10)).isEqualTo(3);
  }

  @Test
  void fieldsSayWhatIsLeftAndWhenTheWindowEnds() {
    Principal key = key(2, 60);
    taken(limits, key);
    now += 47_500_000_000L;

    MultiMap allowed = MultiMap.caseInsensitiveMultiMap().add("RateLimit", "\"upstream\";r=9");
    taken(limits, key).writeTo(allowed);
    assertThat(allowed.getAll("RateLimit")).containsExactly("\"key\";r=0;t=13");
    assertThat(allowed.get("RateLimit-Policy")).isEqualTo("\"key\";q=2;w=60");
    assertThat(allowed.contains("Retry-After")).isFalse();

    MultiMap refused = MultiMap.caseInsensitiveMultiMap();
    taken(limits, key).writeTo(refused);
    assertThat(refused.get("RateLimit")).isEqualTo("\"key\";r=0;t=13");
    assertThat(refused.get("Retry-After")).isEqualTo("13");
  }

  /** Whoever heeds Retry-After gets through, and it is never 0. */
  @Test
  void retryAfterIsTheFirstWholeSecondThatHelps() {
    Principal key = key(1, 10);
    taken(limits, key);
    now += 9 * SECOND + 1;

    Quota refused = taken(limits, key);
    assertThat(refused.refused()).isTrue();
    assertThat(refused.resetSeconds()).isEqualTo(1);
    now += SECOND;
    assertThat(taken(limits, key).refused()).isFalse();
  }

  @Test
  void eachKeyHasItsOwnAllowance() {
    assertThat(admitted(limits, key(2, 60), 5)).isEqualTo(2);
    assertThat(admitted(limits, key(4, 60), 5)).isEqualTo(4);
  }

  /** Whenever requests come. */
  @Property(tries = 200)
  void neverMoreThanTheLimitInAWindowNorTwiceThatInAnyStretch(
      @ForAll @IntRange(min = 1, max = 20) int limit,
      @ForAll @IntRange(min = 1, max = 100) int windowSeconds,
      @ForAll long seed) {
    Random random = new Random(seed);
    Principal key = key(limit, windowSeconds);
    long window = windowSeconds * SECOND;
    List<Long> admissions = new ArrayList<>();
    long begin = now;
    for (int i = 0; i < 400; i++) {
      if (!taken(limits, key).refused()) {
        admissions.add(now - begin);
      }
      now += random.nextLong(window / limit + 1);
    }

    for (int i = 0; i < admissions.size(); i++) {
      long at = admissions.get(i);
      long sameWindow = admissions.stream().filter(other -> other / window == at / window).count();
      long stretch =
          admissions.stream().filter(other -> other >= at && other - at < window).count();
      assertThat(sameWindow).isLessThanOrEqualTo(limit);
      assertThat(stretch).isLessThanOrEqualTo(2L * limit);
    }
  }

  @Test
  void threeReplicasAdmitTheLimitTogether() {
    replicas = 3;
    Principal key = key(100, 60);
    List<KeyLimits> all = List.of(replica(), replica(), replica());

    assertThat(all).allSatisfy(one -> assertThat(admitted(one, key, 200)).isEqualTo(33));
    now += 60 * SECOND;
    assertThat(all).allSatisfy(one -> assertThat(admitted(one, key, 200)).isEqualTo(33));
  }

  @Test
  void smallestShareIsOneRequest() {
    replicas = 3;
    assertThat(admitted(limits, key(2, 60), 5)).isOne();
  }

  /** From one replica to three: what is left is worth a third; who comes has a share of its own. */
  @Test
  void changeOfMembershipCostsAtMostAShareForEachThatCameOrWent() {
    for (int before = 0; before <= 90; before += 30) {
      for (int between = 0; between <= 30; between += 10) {
        replicas = 1;
        Principal key = key(90, 60);
        KeyLimits stays = replica();
        int total = admitted(stays, key, before);
        replicas = 3;
        KeyLimits second = replica();
        KeyLimits third = replica();
        total += admitted(stays, key, between);
        total += admitted(second, key, 200) + admitted(third, key, 200);
        assertThat(total).isLessThanOrEqualTo(90 + 2 * 30);
        replicas = 1;
        total += admitted(stays, key, 200);
        assertThat(total).isLessThanOrEqualTo(90 + 2 * 30);

        now += 60 * SECOND;
        assertThat(admitted(stays, key, 200)).as("the next window").isEqualTo(90);
      }
    }
  }

  /** Changing the limit to and fro must be worth nothing. */
  @Test
  void changedLimitKeepsWhatWasSpent() {
    UUID id = UUID.randomUUID();
    assertThat(admitted(limits, key(id, new RateLimit(10, 60)), 8)).isEqualTo(8);

    assertThat(admitted(limits, key(id, new RateLimit(5, 60)), 10)).isZero();
    assertThat(admitted(limits, key(id, new RateLimit(6, 30)), 10)).isZero();
    assertThat(admitted(limits, key(id, new RateLimit(20, 60)), 100)).isEqualTo(12);
    now += 60 * SECOND;
    assertThat(admitted(limits, key(id, new RateLimit(20, 60)), 100)).isEqualTo(20);
  }

  @Test
  void listenerHearsOnceAWindow() {
    Principal key = key(1, 60);
    admitted(limits, key, 5);
    assertThat(reached).containsExactly(key);

    now += 59 * SECOND;
    admitted(limits, key, 5);
    assertThat(reached).hasSize(1);
    now += SECOND;
    assertThat(taken(limits, key).refused()).isFalse();
    assertThat(reached).hasSize(1);
    admitted(limits, key, 5);
    assertThat(reached).hasSize(2);
  }

  /** Full: others are forgotten, and nobody is refused for it. */
  @Test
  void memoryIsBoundedAndFailsOpen() {
    KeyLimits few = new KeyLimits(() -> 1, () -> now, LimitListener.NONE, 10);
    for (int i = 0; i < 1_000; i++) {
      assertThat(taken(few, key(1, 60)).refused()).isFalse();
    }
    assertThat(few.size()).isLessThanOrEqualTo(10);
  }

  @Test
  void keyIsForgottenTwoWindowsAfterItsLastRequest() {
    Principal key = key(1, 60);
    taken(limits, key);
    now += 120 * SECOND - 1;
    assertThat(limits.size()).isOne();
    taken(limits, key);
    now += 119 * SECOND;
    assertThat(limits.size()).isOne();
    now += 2 * SECOND;
    assertThat(limits.size()).isZero();
  }

  @Test
  void longestWindowThereIsCanBeCounted() {
    Principal key = key(Integer.MAX_VALUE, Integer.MAX_VALUE);
    assertThat(admitted(limits, key, 3)).isEqualTo(3);
    assertThat(taken(limits, key).resetSeconds()).isEqualTo(Integer.MAX_VALUE);
  }

  @Test
  void loopsThatRaceSpendTheAllowanceOnce() throws Exception {
    Principal key = key(500, 60);
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      Callable<Integer> many = () -> admitted(limits, key, 1_000);
      int total = 0;
      for (Future<Integer> one : threads.invokeAll(List.of(many, many, many, many))) {
        total += one.get();
      }
      assertThat(total).isEqualTo(500);
    } finally {
      threads.shutdownNow();
    }
  }
}
