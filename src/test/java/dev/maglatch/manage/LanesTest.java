// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.fault.Fault;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LanesTest {
  private final List<Promise<String>> started = new ArrayList<>();
  private long nanos;
  private final Lanes<String> lanes = new Lanes<>(() -> nanos);

  @Test
  void atMostTwoOfOneOwnerRunAndTheRestFollowInOrder() {
    List<Future<String>> all = enter("a", 4);
    assertThat(started).hasSize(2);

    started.get(1).complete("second");
    assertThat(started).hasSize(3);
    started.get(0).fail("first");
    assertThat(started).hasSize(4);

    assertThat(all.get(1).result()).isEqualTo("second");
    assertThat(all.get(0).failed()).isTrue();
  }

  @Test
  void otherOwnersAreNotHeldUp() {
    enter("a", 5);
    enter("b", 1);

    assertThat(started).hasSize(3);
  }

  @Test
  void laneIsFreeAgainWhenAllHaveLeft() {
    enter("a", 2);
    List.copyOf(started).forEach(one -> one.complete("done"));
    started.clear();

    enter("a", 2);

    assertThat(started).hasSize(2);
  }

  @Test
  void whatDoesNotFitIsOverloaded() {
    enter("a", Lanes.WIDTH + Lanes.MAX_WAITING);

    Future<String> tooMany = enter("a", 1).get(0);

    assertThat(codeOf(tooMany)).isEqualTo(Fault.Code.OVERLOADED);
  }

  @Test
  void whatWaitedTooLongIsNotStarted() {
    List<Future<String>> all = enter("a", 4);
    nanos += Lanes.MAX_WAIT.toNanos() + 1;

    started.get(0).complete("late");

    assertThat(started).hasSize(2);
    assertThat(codeOf(all.get(2))).isEqualTo(Fault.Code.OVERLOADED);
    assertThat(codeOf(all.get(3))).isEqualTo(Fault.Code.OVERLOADED);
  }

  @Test
  void workThatThrowsLeavesItsPlace() {
    Future<String> thrown =
        lanes.run(
            "a",
            () -> {
              throw new IllegalStateException("defect");
            });
    enter("a", 2);

    assertThat(thrown.failed()).isTrue();
    assertThat(started).hasSize(2);
  }

  private List<Future<String>> enter(String owner, int times) {
    List<Future<String>> all = new ArrayList<>();
    for (int i = 0; i < times; i++) {
      all.add(lanes.run(owner, this::begin));
    }
    return all;
  }

  private Future<String> begin() {
    Promise<String> work = Promise.promise();
    started.add(work);
    return work.future();
  }

  private static Fault.Code codeOf(Future<?> future) {
    return ((Fault) future.cause()).code();
  }
}
