// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.limit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.http.Quota;
import java.util.List;
import org.junit.jupiter.api.Test;

class WindowLimitsTest {
  private static final long MIDNIGHT = 86_400 * 20_000L;
  private static final List<Window> MINUTE = List.of(Window.perMinute(3));
  private static final List<Window> BOTH = List.of(Window.perMinute(3), Window.perDay(5));

  private int replicas = 1;
  private long now = MIDNIGHT + 30;
  private final WindowLimits limits = new WindowLimits(() -> replicas, () -> 0, 100);

  private List<Quota> take(List<Window> windows) {
    return limits.take("route", "caller", windows, now);
  }

  private boolean admitted(List<Window> windows) {
    return take(windows).stream().noneMatch(Quota::refused);
  }

  @Test
  void limitIsReachedAndNotExceededInAMinuteOfTheClock() {
    Quota first = take(MINUTE).get(0);
    assertThat(first).isEqualTo(new Quota("minute", false, 3, 60, 2, 30));
    assertThat(admitted(MINUTE)).as("limit - 1").isTrue();
    assertThat(admitted(MINUTE)).as("limit").isTrue();
    Quota beyond = take(MINUTE).get(0);
    assertThat(beyond).as("limit + 1").isEqualTo(new Quota("minute", true, 3, 60, 0, 30));
    assertThat(beyond.count()).isEqualTo(3);
    now += 29;
    assertThat(admitted(MINUTE)).as("last second").isFalse();
    assertThat(take(MINUTE).get(0).resetSeconds()).isEqualTo(1);
    now += 1;
    assertThat(admitted(MINUTE)).as("next window").isTrue();
    assertThat(take(MINUTE).get(0).resetSeconds()).isEqualTo(60);
  }

  /** What one window refuses is not taken from the other. */
  @Test
  void bothWindowsCountAndARefusalSpendsNothing() {
    for (int i = 0; i < 3; i++) {
      assertThat(admitted(BOTH)).isTrue();
    }
    List<Quota> refused = take(BOTH);
    assertThat(refused).extracting(Quota::refused).containsExactly(true, false);
    assertThat(refused.get(1).remaining()).isEqualTo(2);
    now += 60;
    assertThat(admitted(BOTH)).as("day: limit - 1").isTrue();
    assertThat(admitted(BOTH)).as("day: limit").isTrue();
    refused = take(BOTH);
    assertThat(refused)
        .as("day: limit + 1")
        .extracting(Quota::refused)
        .containsExactly(false, true);
    assertThat(refused.get(0).remaining()).isEqualTo(1);
    assertThat(refused.get(1).resetSeconds()).isEqualTo(86_400 - 90);
    now = MIDNIGHT + 86_400;
    assertThat(admitted(BOTH)).isTrue();
  }

  @Test
  void whatIsGivenBackIsThereAgainButNotInALaterWindow() {
    for (int i = 0; i < 3; i++) {
      assertThat(admitted(BOTH)).isTrue();
    }
    limits.giveBack("route", "caller", BOTH, now);
    assertThat(admitted(BOTH)).isTrue();
    assertThat(admitted(BOTH)).isFalse();
    long before = now;
    now += 60;
    assertThat(admitted(BOTH)).isTrue();
    limits.giveBack("route", "caller", BOTH, before);
    Quota minute = take(BOTH).get(0);
    assertThat(minute.remaining()).as("the later minute had no part in it").isEqualTo(1);
    limits.giveBack("route", "stranger", BOTH, now);
    limits.giveBack("route", "caller", MINUTE, now);
    assertThat(take(BOTH)).extracting(Quota::remaining).containsExactly(0L, 0L);
  }

  @Test
  void replicasShareALimitAndEachAdmitsOne() {
    replicas = 3;
    assertThat(admitted(MINUTE)).isTrue();
    assertThat(admitted(MINUTE)).isFalse();
    replicas = 10;
    now += 60;
    assertThat(admitted(MINUTE)).isTrue();
    assertThat(admitted(MINUTE)).isFalse();
  }

  @Test
  void callersAndRoutesAreCountedByThemselves() {
    for (int i = 0; i < 3; i++) {
      assertThat(admitted(MINUTE)).isTrue();
    }
    assertThat(limits.take("route", "other", MINUTE, now).get(0).refused()).isFalse();
    assertThat(limits.take("other", "caller", MINUTE, now).get(0).refused()).isFalse();
    assertThat(admitted(List.of(Window.perMinute(4)))).as("other settings begin anew").isTrue();
  }

  @Test
  void memoryIsBounded() {
    for (int i = 0; i < 1_000; i++) {
      limits.take("route", i, MINUTE, now);
    }
    assertThat(limits.size()).isLessThanOrEqualTo(100);
  }
}
