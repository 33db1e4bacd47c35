// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.limit;

import dev.maglatch.http.Quota;
import java.util.ArrayList;
import java.util.List;

/** What one caller has spent in its windows, on this replica. Safe on any thread. */
final class WindowCounter {
  private List<Window> windows = List.of();
  private long[] numbers = {};
  private long[] spent = {};

  /**
   * Takes one request from every window, or from none if one of them has no room for it.
   *
   * @param price what a request costs: as many as there are replicas
   * @return how each window stands then, in order
   */
  synchronized List<Quota> take(List<Window> wanted, int price, long epochSecond) {
    if (!windows.equals(wanted)) {
      begin(wanted);
    }
    turn(epochSecond);
    boolean admitted = true;
    for (int i = 0; i < spent.length; i++) {
      admitted &= hasRoom(i, price);
    }
    List<Quota> quotas = new ArrayList<>(spent.length);
    for (int i = 0; i < spent.length; i++) {
      boolean refused = !hasRoom(i, price);
      spent[i] += admitted ? price(i, price) : 0;
      quotas.add(quota(i, refused, epochSecond));
    }
    return quotas;
  }

  /** Returns the price of one request to the windows of {@code epochSecond} that are not over. */
  synchronized void giveBack(List<Window> taken, int price, long epochSecond) {
    if (!windows.equals(taken)) {
      return;
    }
    for (int i = 0; i < spent.length; i++) {
      if (windows.get(i).number(epochSecond) == numbers[i]) {
        spent[i] = Math.max(0, spent[i] - price(i, price));
      }
    }
  }

  /** Other windows begin anew: they come with other settings. */
  private void begin(List<Window> wanted) {
    windows = wanted;
    numbers = new long[wanted.size()];
    spent = new long[wanted.size()];
  }

  private void turn(long epochSecond) {
    for (int i = 0; i < spent.length; i++) {
      long number = windows.get(i).number(epochSecond);
      if (number != numbers[i]) {
        numbers[i] = number;
        spent[i] = 0;
      }
    }
  }

  /** However small the share of a replica, it admits one request. */
  private long price(int window, int price) {
    return Math.min(price, windows.get(window).limit());
  }

  private boolean hasRoom(int window, int price) {
    return spent[window] + price(window, price) <= windows.get(window).limit();
  }

  private Quota quota(int i, boolean refused, long epochSecond) {
    Window window = windows.get(i);
    long left = refused ? 0 : window.limit() - spent[i];
    return new Quota(
        window.name(),
        refused,
        window.limit(),
        window.seconds(),
        left,
        window.secondsLeft(epochSecond));
  }
}
