// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.faults;

import static org.junit.jupiter.api.Assumptions.abort;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** What no test of real processes breaks yet: the Maven profile faults reports it as skipped. */
@EnabledIfSystemProperty(
    named = "faults.full",
    matches = "true",
    disabledReason = "only the Maven profile faults tells what it leaves out")
final class UnprovenIT {
  @Test
  void diskUnderPostgresIsFull() {
    abort("needs a small file system of its own under PostgreSQL's data; not built yet");
  }

  @Test
  void clockIsOneHourOff() {
    abort("needs a tool that gives one process another clock; not built yet");
  }
}
