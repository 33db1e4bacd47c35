// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.Gateway;
import java.io.IOException;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A gateway that was started, to be stopped when its command ends. */
final class RunningGateway implements AutoCloseable {
  private final Gateway gateway;
  private final Duration longestStop;
  private final boolean running;

  RunningGateway(Gateway gateway, Duration longestStop, boolean running) {
    this.gateway = gateway;
    this.longestStop = longestStop;
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

  /** Returns the port of the listener that has the own routes. */
  int ownPort() {
    return gateway.managementPort() == 0 ? gateway.httpPort() : gateway.managementPort();
  }

  /** See {@link Gateway#offerLink}. */
  @Nullable String offerLink(UUID account) {
    return gateway.offerLink(account);
  }

  /** Returns the port of the ops listener. */
  int opsPort() {
    return gateway.opsPort();
  }

  /** Stops everything in reverse and returns when that is done. */
  @Override
  public void close() throws IOException {
    Gateways.await(gateway.stop(), longestStop, "the gateway's end");
  }
}
