// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.faults;

import static java.util.Locale.ROOT;

import java.util.ArrayList;
import java.util.List;

/** Distributions of times, one to a line, each with what else was counted. */
final class Table {
  private static final double NANOS_PER_MILLI = 1e6;

  private final StringBuilder text =
      new StringBuilder(
          String.format(
              ROOT,
              "%-62s %5s %9s %9s %9s %9s  %s%n",
              "times in ms",
              "n",
              "p50",
              "p90",
              "p99",
              "max",
              "counted"));

  /** Adds a line; {@code nanos} may be empty if nothing but counts is known. */
  void add(String what, List<Long> nanos, String counted) {
    List<Long> sorted = new ArrayList<>(nanos);
    sorted.sort(null);
    String line =
        String.format(
            ROOT,
            "%-62s %5d %9.1f %9.1f %9.1f %9.1f  %s%n",
            what,
            sorted.size(),
            rank(sorted, 0.5),
            rank(sorted, 0.9),
            rank(sorted, 0.99),
            rank(sorted, 1),
            counted);
    text.append(line);
  }

  @Override
  public String toString() {
    return text.toString();
  }

  /** The smallest value that this share of all does not exceed. */
  private static double rank(List<Long> sorted, double share) {
    return sorted.isEmpty()
        ? Double.NaN
        : sorted.get((int) Math.ceil(share * sorted.size()) - 1) / NANOS_PER_MILLI;
  }
}
