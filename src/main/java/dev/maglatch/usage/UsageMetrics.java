// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

/**
 * Counts what becomes of usage. Uses seen = written + still pending + dropped + lost in a crash;
 * alert when drops grow or when flushes go on failing.
 *
 * <p>Called from any thread; never blocks, never throws.
 */
public interface UsageMetrics {
  UsageMetrics NONE =
      new UsageMetrics() {
        @Override
        public void dropped(long uses) {}

        @Override
        public void flushed(long nanos, boolean succeeded) {}

        @Override
        public void rowsWritten(int rows) {}

        @Override
        public void pendingKeys(int keys) {}
      };

  /** Uses were not recorded, because too many other keys were waiting. */
  void dropped(long uses);

  /** A flush that had something to write has ended, after {@code nanos}. */
  void flushed(long nanos, boolean succeeded);

  /** One statement wrote this many rows. */
  void rowsWritten(int rows);

  /** How many keys were still waiting when a flush had ended. */
  void pendingKeys(int keys);
}
