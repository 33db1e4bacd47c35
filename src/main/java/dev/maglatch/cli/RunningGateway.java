// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.Gateway;
import java.io.IOException;

/** A gateway that was started, to be stopped when its command ends. */
final class RunningGateway implements AutoCloseable {
  private final Gateway gateway;
  private final boolean running;

  RunningGateway(Gateway gateway, boolean running) {
    this.gateway = gateway;
    this.running = running;
  }

  /** Returns false if the process was asked to end before the gateway could serve. */
  boolean isRunning() {
    return running;
  }

  /** Returns the port of the public listener. */
  int httpPort() {
    return gateway.httpPort();
  }

  /** Returns the port of the ops listener. */
  int opsPort() {
    return gateway.opsPort();
  }

  /** Stops everything in reverse and returns when that is done. */
  @Override
  public void close() throws IOException {
    Gateways.await(gateway.stop(), "the gateway's end");
  }
}
