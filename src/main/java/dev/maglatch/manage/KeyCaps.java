// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import dev.maglatch.key.KeyKind;

/**
 * How many active keys one owner may have; 0 for any number.
 *
 * @param mgp of each account
 * @param mp of each account
 * @param org of each organization
 */
public record KeyCaps(int mgp, int mp, int org) {
  public static final KeyCaps DEFAULT = new KeyCaps(10, 10, 0);

  public int of(KeyKind kind) {
    return switch (kind) {
      case MGP -> mgp;
      case MP -> mp;
      case ORG -> org;
    };
  }
}
