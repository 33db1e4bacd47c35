// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import java.time.Duration;
import java.util.PriorityQueue;

/** Time that stands still between events. */
final class VirtualTime implements Timing {
  long millis;
  private long order;
  private final PriorityQueue<Due> due =
      new PriorityQueue<>(
          (a, b) -> a.at == b.at ? Long.compare(a.order, b.order) : Long.compare(a.at, b.at));

  private record Due(long at, long order, Runnable work) {}

  @Override
  public long nanoTime() {
    return millis * 1_000_000;
  }

  @Override
  public void later(long delay, Runnable work) {
    due.add(new Due(millis + delay, order++, work));
  }

  void advance(Duration duration) {
    long end = millis + duration.toMillis();
    while (!due.isEmpty() && due.peek().at <= end) {
      Due next = due.remove();
      millis = next.at;
      next.work.run();
    }
    millis = end;
  }
}
