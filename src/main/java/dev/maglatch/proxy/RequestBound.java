// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many requests are in hand on one event loop, and whether those are too many. All event loops
 * of a listener together take no more than the bound.
 *
 * <p>Every loop has an equal share, counted without looking at the others. What cannot be shared
 * out equally, all of it where there are more loops than requests, is lent to the loop that comes
 * first. Belongs to one event loop.
 */
final class RequestBound {
  private final int share;
  private final AtomicInteger unlent;
  private int inHand;
  private int lent;

  /**
   * @param share of this loop
   * @param unlent what is left for all loops; shared by them
   */
  RequestBound(int share, AtomicInteger unlent) {
    this.share = share;
    this.unlent = unlent;
  }

  int share() {
    return share;
  }

  void began() {
    inHand++;
  }

  void ended() {
    inHand--;
    if (lent > 0 && inHand < share + lent) {
      lent--;
      unlent.incrementAndGet();
    }
  }

  /** Whether there is no place for all that is in hand, the latest request included. */
  boolean exceeded() {
    while (inHand > share + lent) {
      if (!borrow()) {
        return true;
      }
      lent++;
    }
    return false;
  }

  private boolean borrow() {
    return unlent.get() > 0 && unlent.getAndUpdate(left -> Math.max(0, left - 1)) > 0;
  }
}
