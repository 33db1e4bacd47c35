// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

/** A part of a list that is newest first. */
public record Page(int limit, int offset) {
  /** For lists without paging; what is beyond 10,000 rows is left out. */
  public static final Page WHOLE = new Page(10_000, 0);
}
