// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.vertx.core.VertxException;

/**
 * No connection is free, and no more requests may wait for one. Has no stack trace: under overload
 * there is one for every request too many.
 */
final class PoolBusyException extends VertxException {
  private static final long serialVersionUID = 1;

  PoolBusyException(int connections, int waiting) {
    super(connections + " connections in use and " + waiting + " requests waiting", true);
  }
}
