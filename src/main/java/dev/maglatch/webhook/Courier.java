// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import dev.maglatch.webhook.DeliveryQueue.Claimed;
import io.vertx.core.Future;

/** Makes one attempt at a delivery that has a URL. */
@FunctionalInterface
interface Courier {
  /** Never fails, and ends within the timeout of an attempt. */
  Future<Attempt> attempt(Claimed delivery);
}
