// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import io.vertx.core.Future;

/** What a route does once the caller is known and the body is there. */
@FunctionalInterface
public interface Operation {
  /**
   * Decodes, runs a use case, renders. A failed future is a 503 if it is a {@link
   * dev.maglatch.fault.Fault} that says so, else a logged 500.
   */
  Future<Answer> run(Call call);
}
