// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import dev.maglatch.Await;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import java.net.URI;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** An issuer's key server at a free port, whose keys and manners can be changed. */
final class JwksServer implements AutoCloseable {
  final AtomicInteger requests = new AtomicInteger();
  volatile Consumer<HttpServerRequest> manners = request -> {};
  private final Vertx vertx;
  private HttpServer server;

  JwksServer(Vertx vertx) {
    this.vertx = vertx;
    this.server = listen(0);
  }

  URI url() {
    return URI.create("http://127.0.0.1:" + server.actualPort() + "/jwks.json");
  }

  void publish(JWK... keys) {
    String document = new JWKSet(List.of(keys)).toString(true);
    answer(document);
  }

  void answer(String document) {
    manners = request -> request.response().end(document);
  }

  /** Stops listening. */
  void goAway() {
    Await.result(server.close());
  }

  /** Listens again where it did. */
  void comeBack() {
    server = listen(server.actualPort());
  }

  @Override
  public void close() {
    Await.result(server.close());
  }

  private HttpServer listen(int port) {
    return Await.result(
        vertx
            .createHttpServer()
            .requestHandler(
                request -> {
                  requests.incrementAndGet();
                  manners.accept(request);
                })
            .listen(port, "127.0.0.1"));
  }
}
