// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.vertx.core.Future;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.ConnectOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetSocket;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Makes connections to one server. */
final class Dialer {
  private final NetClient client;
  private final ConnectOptions options;

  Dialer(NetClient client, Upstream server, Duration patience) {
    this.client = client;
    this.options =
        new ConnectOptions()
            .setHost(server.host())
            .setPort(server.port())
            .setTimeout((int) patience.toMillis())
            .setSsl(server.tls());
    if (server.tls()) {
      options.setSslOptions(tlsOptions(patience));
    }
  }

  Future<NetSocket> dial() {
    return client.connect(options);
  }

  /** The handshake has as long as the connection: a server that never answers it is as absent. */
  private static ClientSSLOptions tlsOptions(Duration patience) {
    ClientSSLOptions options = new ClientSSLOptions();
    options.setSslHandshakeTimeout(patience.toMillis());
    options.setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS);
    return options.setHostnameVerificationAlgorithm("HTTPS");
  }
}
