// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import java.util.ArrayList;

/**
 * Everything of one event loop that may take too long, looked at a few times a second.
 *
 * <p>One timer serves all: adding and removing are constant-time and allocate nothing, where a
 * timer for each request would cost more than the request's verdict. A deadline is therefore met up
 * to one interval late.
 */
final class Deadlines {
  static final long INTERVAL_MILLIS = 100;

  private final ArrayList<Entry> entries = new ArrayList<>();

  /** Something with a deadline. */
  abstract static class Entry {
    private int slot = -1;

    /** Acts if a deadline has passed; may remove itself. */
    abstract void check(long nowNanos);
  }

  void add(Entry entry) {
    entry.slot = entries.size();
    entries.add(entry);
  }

  /** Does nothing if {@code entry} is not there. */
  void remove(Entry entry) {
    int slot = entry.slot;
    if (slot < 0) {
      return;
    }
    Entry last = entries.remove(entries.size() - 1);
    if (last != entry) {
      entries.set(slot, last);
      last.slot = slot;
    }
    entry.slot = -1;
  }

  /** Checks every entry. Backwards, so that one that removes itself hides no other. */
  void check(long nowNanos) {
    for (int i = entries.size() - 1; i >= 0; i--) {
      if (i < entries.size()) {
        entries.get(i).check(nowNanos);
      }
    }
  }
}
