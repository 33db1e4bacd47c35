// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import dev.maglatch.Gateway;
import dev.maglatch.Gateway.Reloading;
import dev.maglatch.config.GatewayConfig;
import dev.maglatch.config.ListenAddress;
import dev.maglatch.fault.StartFailure;
import io.vertx.core.Future;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/** Starts gateways for the commands. Blocks. */
final class Gateways {
  private static final Duration PATIENCE = Duration.ofSeconds(80);

  private Gateways() {}

  /**
   * Starts a gateway and waits until it serves, for as long as it waits for its database, or until
   * the process is asked to end.
   *
   * @throws StartFailure if it cannot start
   */
  static RunningGateway start(GatewayConfig config, Reloading source) {
    Gateway gateway = new Gateway(config, VersionCommand.version(), source);
    Hangup.listen(gateway::reload);
    CompletableFuture<Boolean> started =
        gateway.start().map(true).toCompletionStage().toCompletableFuture();
    try {
      boolean running = started.applyToEither(Shutdown.requested(), ready -> ready).get();
      return new RunningGateway(gateway, Gateway.longestStop(config), running);
    } catch (ExecutionException failed) {
      throw failed.getCause() instanceof RuntimeException cause
          ? cause
          : new StartFailure("cannot start: " + failed.getCause(), failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return new RunningGateway(gateway, Gateway.longestStop(config), false);
    }
  }

  /** Waits for something that takes seconds at most. */
  static <T> T await(Future<T> future, String what) throws IOException {
    return await(future, PATIENCE, what);
  }

  /** Waits for something that takes {@code patience} at most. */
  static <T> T await(Future<T> future, Duration patience, String what) throws IOException {
    try {
      return future.await(patience.toMillis(), MILLISECONDS);
    } catch (TimeoutException late) {
      throw new IOException(what + " did not come about in " + patience.toSeconds() + " s", late);
    }
  }

  /** Says which port is taken, which the failed start itself cannot tell apart. */
  static void requireFreePorts(GatewayConfig config) {
    requireFree("http", config.http().listener().host(), config.http().listener().port());
    requireFree("ops", config.ops().host(), config.ops().port());
    ListenAddress management = config.management().listener();
    if (management != null) {
      requireFree("management", management.host(), management.port());
    }
  }

  private static void requireFree(String section, String host, int port) {
    if (port == 0) {
      return;
    }
    try (Socket probe = new Socket()) { // bound, never listening: whoever connects is refused
      probe.setReuseAddress(true);
      probe.bind(new InetSocketAddress(host, port));
    } catch (BindException taken) {
      throw new StartFailure(
          "cannot listen on %s:%d (%s); stop what uses that port, or set %s.port to another one"
              .formatted(host, port, taken.getMessage(), section),
          taken);
    } catch (IOException refused) {
      throw new StartFailure(
          "cannot listen on %s:%d (%s); check %s.host and %s.port"
              .formatted(host, port, refused.getMessage(), section, section),
          refused);
    }
  }
}
