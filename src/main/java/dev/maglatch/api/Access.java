// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import dev.maglatch.verify.Verdict;
import io.vertx.core.Future;

/** How a route learns who is calling, before the body is read. */
public interface Access {
  /** Asks for no credential; {@link Call#principal} is then not to be called. */
  Access ANYONE = call -> Future.succeededFuture(Verdict.MISSING);

  /**
   * Checks what the caller sent. Fails with a {@link dev.maglatch.fault.Fault} when no trustworthy
   * answer was had in time.
   */
  Future<Verdict> check(Call call);

  /** Returns how the audit names a session that this access accepted. */
  default String sessionName() {
    return "session";
  }
}
