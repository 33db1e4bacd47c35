// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

/** How one family of routes writes its errors. */
@FunctionalInterface
public interface Dialect {
  /** Returns the answer to {@code problem}, with its status, in this dialect's shape. */
  Answer render(Problem problem, Call call);
}
