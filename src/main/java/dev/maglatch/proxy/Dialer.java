// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.util.Objects.requireNonNull;

import dev.maglatch.secret.Secret;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.ConnectOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Makes connections to one server. */
final class Dialer {
  static final String H2 = "h2";

  private final NetClient client;
  private final Upstream server;
  private final UpstreamGroup.Link link;
  private final ConnectOptions http1;
  private final ConnectOptions http2;

  Dialer(NetClient client, Upstream server, UpstreamGroup.Link link) {
    this.client = client;
    this.server = server;
    this.link = link;
    this.http1 = options(List.of());
    this.http2 = options(List.of(H2));
  }

  /** Connects for HTTP/1.1. */
  Future<NetSocket> dial() {
    return client.connect(http1);
  }

  /** Connects for HTTP/2: behind TLS the server must have agreed to it. */
  Future<NetSocket> dialHttp2() {
    return client.connect(http2).compose(this::agreed);
  }

  /** Returns how long each step of making a connection may take, in milliseconds. */
  long patienceMillis() {
    return link.connectTimeout().toMillis();
  }

  private Future<NetSocket> agreed(NetSocket socket) {
    if (!server.tls() || H2.equals(socket.applicationLayerProtocol())) {
      return Future.succeededFuture(socket);
    }
    socket.close();
    return Future.failedFuture(new IOException("the server does not speak HTTP/2 (ALPN)"));
  }

  private ConnectOptions options(List<String> protocols) {
    ConnectOptions options =
        new ConnectOptions()
            .setRemoteAddress(SocketAddress.inetSocketAddress(server.port(), server.host()))
            .setPort(server.port())
            .setTimeout((int) link.connectTimeout().toMillis())
            .setSsl(server.tls());
    String serverName = link.tls().serverName();
    options.setHost(serverName == null ? server.host() : serverName);
    if (serverName != null) {
      options.setSniServerName(serverName);
    }
    return server.tls() ? options.setSslOptions(tlsOptions(link, protocols)) : options;
  }

  /** The handshake has as long as the connection: a server that never answers it is as absent. */
  static ClientSSLOptions tlsOptions(UpstreamGroup.Link link, List<String> protocols) {
    ClientSSLOptions options = new ClientSSLOptions();
    options.setSslHandshakeTimeout(link.connectTimeout().toMillis());
    options.setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS);
    if (!protocols.isEmpty()) {
      options.setUseAlpn(true).setApplicationLayerProtocols(protocols);
    }
    UpstreamTls tls = link.tls();
    if (tls.authorities() != null) {
      options.setTrustOptions(new PemTrustOptions().addCertValue(Buffer.buffer(tls.authorities())));
    }
    if (tls.certificate() != null) {
      options.setKeyCertOptions(identity(tls.certificate(), tls.key()));
    }
    return options.setHostnameVerificationAlgorithm("HTTPS"); // never without: CVE-2026-102476
  }

  private static PemKeyCertOptions identity(String certificate, @Nullable Secret key) {
    return new PemKeyCertOptions()
        .addCertValue(Buffer.buffer(certificate))
        .addKeyValue(Buffer.buffer(requireNonNull(key, "key").reveal()));
  }
}
