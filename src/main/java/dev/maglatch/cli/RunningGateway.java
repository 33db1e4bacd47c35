// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

/** A gateway that has been started. */
interface RunningGateway extends AutoCloseable {
  /** Returns the port of the public listener. */
  int httpPort();

  /** Returns the port of the ops listener. */
  int opsPort();

  /** Stops everything in reverse and returns when that is done. */
  @Override
  void close();
}
