// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.config.GatewayConfig;
import dev.maglatch.config.ListenAddress;
import dev.maglatch.fault.StartFailure;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** Starts gateways for the commands. Blocks. */
final class Gateways {
  private Gateways() {}

  /** Starts a gateway and waits until its listeners are open. */
  static RunningGateway start(GatewayConfig config) {
    requireFreePorts(config);
    throw new StartFailure("this build has no gateway yet");
  }

  /** Says which port is taken, which the failed start itself cannot tell apart. */
  static void requireFreePorts(GatewayConfig config) {
    requireFree("http", config.http().listener().host(), config.http().listener().port());
    requireFree("ops", config.ops().host(), config.ops().port());
    ListenAddress management = config.management();
    if (management != null) {
      requireFree("management", management.host(), management.port());
    }
  }

  private static void requireFree(String section, String host, int port) {
    if (port == 0) {
      return;
    }
    try (ServerSocket probe = new ServerSocket()) {
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
