// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cluster;

/**
 * What must forget when something changed. Returns only when nothing old can be served any more.
 */
public interface Evictions {
  void changed(Change change);

  void everythingChanged();
}
