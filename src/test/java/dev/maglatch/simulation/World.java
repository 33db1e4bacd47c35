// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.simulation;

import java.util.PriorityQueue;
import java.util.SplittableRandom;

/** Virtual time and chance. Times are nanoseconds since the beginning. */
final class World {
  static final long MILLI = 1_000_000L;
  static final long SECOND = 1_000 * MILLI;

  private final SplittableRandom random;
  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private long sequence;
  private long now;

  private record Event(long time, long sequence, Runnable work) implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      return time == other.time
          ? Long.compare(sequence, other.sequence)
          : Long.compare(time, other.time);
    }
  }

  World(long seed) {
    random = new SplittableRandom(seed);
  }

  long now() {
    return now;
  }

  void at(long time, Runnable work) {
    events.add(new Event(Math.max(time, now), sequence++, work));
  }

  void after(long nanos, Runnable work) {
    at(now + nanos, work);
  }

  /** Lets everything happen up to {@code end}. */
  void runUntil(long end) {
    while (!events.isEmpty() && events.peek().time() <= end) {
      Event next = events.remove();
      now = next.time();
      next.work().run();
    }
    now = end;
  }

  boolean chance(double probability) {
    return random.nextDouble() < probability;
  }

  /** Returns a number from {@code low} on, below {@code high}. */
  long between(long low, long high) {
    return random.nextLong(low, high);
  }

  int below(int bound) {
    return random.nextInt(bound);
  }

  long anyLong() {
    return random.nextLong();
  }

  /** Returns how long something takes that is mostly quick and sometimes very slow. */
  long delay(long usual, long slow, double slowProbability) {
    return chance(slowProbability) ? between(0, slow) : between(usual / 4, usual);
  }
}
