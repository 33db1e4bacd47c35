// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import dev.maglatch.key.KeyKind;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.Principal;
import dev.maglatch.key.TokenHash;
import dev.maglatch.key.TokenShape;
import dev.maglatch.key.Tokens;
import dev.maglatch.ops.Metrics;
import dev.maglatch.ops.Readiness;
import dev.maglatch.proxy.AccessLog;
import dev.maglatch.proxy.Entrance;
import dev.maglatch.proxy.ListenerConfig;
import dev.maglatch.proxy.LiveRoutes;
import dev.maglatch.proxy.ProxyConfig;
import dev.maglatch.proxy.ProxyParts;
import dev.maglatch.proxy.ProxyVerticle;
import dev.maglatch.proxy.Upstream;
import dev.maglatch.secret.SecretRing;
import dev.maglatch.usage.KeyUsage;
import dev.maglatch.usage.UsageConfig;
import dev.maglatch.usage.UsageRecorder;
import dev.maglatch.usage.UsageStore;
import dev.maglatch.verify.CacheConfig;
import dev.maglatch.verify.ChangeClock;
import dev.maglatch.verify.CredentialVerifiers;
import dev.maglatch.verify.KeyStore;
import dev.maglatch.verify.KeyVerifier;
import dev.maglatch.verify.StoredKey;
import dev.maglatch.verify.Trust;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends requests through a data plane of its own on loopback, so that the first requests of clients
 * find their code loaded and compiled.
 *
 * <p>It has keys, usage, an upstream and metrics of its own: nothing it does is counted, kept, or
 * seen by clients. Everything else is what clients' requests go through, since compiled code counts
 * on meeting the same classes again. The database is asked what the lookup of a key asks it.
 */
final class WarmUp {
  private static final Logger log = LoggerFactory.getLogger(WarmUp.class);
  private static final String LOOPBACK = "127.0.0.1";

  /** Vert.x: a free port, shared with no listener that asks by another number. */
  private static final int FREE_PORT = -3;

  /** Whose key is remembered, as nearly all are. */
  private static final int CONNECTIONS = 4;

  /** Whose key is another one with every request. */
  private static final int CONNECTIONS_OF_STRANGERS = 1;

  /** For connections whose clients have closed already. */
  private static final Duration END = Duration.ofSeconds(1);

  /** Opening and closing connections is practised too. */
  private static final int REQUESTS_PER_CONNECTION = 200;

  private static final List<String> REQUEST_HEADS =
      List.of(
          lines("GET /warm-up HTTP/1.1", "Host: 127.0.0.1", "User-Agent: maglatch", "Accept: */*"),
          lines("GET /warm-up?a=1 HTTP/1.1", "host: localhost:80", "accept-encoding: gzip"),
          lines("GET /warm/up HTTP/1.1", "Host: localhost", "Connection: keep-alive"));

  private static final List<Buffer> ANSWERS =
      Stream.of(
              lines("HTTP/1.1 200 OK", "Content-Type: text/plain", "Content-Length: 1"),
              lines(
                  "HTTP/1.1 200 OK",
                  "Server: maglatch",
                  "Date: Thu, 01 Jan 1970 00:00:00 GMT",
                  "Content-Type: text/plain",
                  "Content-Length: 1",
                  "Connection: keep-alive",
                  "Cache-Control: no-store"))
          .map(head -> Buffer.buffer(head + "\r\n!"))
          .toList();
  private static final Buffer LAST_ANSWER =
      Buffer.buffer(lines("HTTP/1.1 200 OK", "Content-Length: 1", "Connection: close") + "\r\n!");
  private static final byte END_OF_ANSWER = '!';

  private final Vertx vertx;
  private final Trust trust;
  private final ProxyParts clients;
  private final KeyStore store;
  private final AtomicInteger answers = new AtomicInteger();
  private final SecureRandom random = new SecureRandom();
  private final Tokens tokens;
  private volatile String plane = "";
  private volatile boolean over;

  /**
   * @param trust that of the gateway: without a lease every request would ask the database
   * @param clients what their requests go through
   * @param store the database; what it answers, and whether, changes nothing here
   */
  WarmUp(Vertx vertx, Trust trust, ProxyParts clients, KeyStore store) {
    this.vertx = vertx;
    this.trust = trust;
    this.clients = clients;
    this.store = store;
    byte[] master = new byte[32];
    random.nextBytes(master);
    SecretRing ring = SecretRing.derive(List.of(master));
    this.tokens = new Tokens(random, ring.checkKeys(), ring.peppers());
  }

  /** Completes when {@code time} is over; never fails. */
  Future<Void> run(Duration time) {
    if (time.isZero()) {
      return Future.succeededFuture();
    }
    NetServer upstream = vertx.createNetServer().connectHandler(WarmUp::answer);
    NetClient askers = vertx.createNetClient();
    // Who asks first makes the connection: not the plane, with which it would end.
    return store
        .find(List.of())
        .transform(connected -> upstream.listen(0, LOOPBACK))
        .compose(listening -> forward(new Upstream(false, LOOPBACK, listening.actualPort(), "")))
        .onSuccess(port -> askAll(askers, port))
        .compose(asking -> vertx.timer(time.toMillis()))
        .onComplete(end -> over())
        .eventually(() -> Future.join(askers.close(), upstream.close()))
        .eventually(() -> vertx.undeploy(plane))
        .transform(end -> Future.succeededFuture());
  }

  private void over() {
    over = true;
    log.info("warmed up requests={}", answers);
  }

  private static String lines(String... lines) {
    return String.join("\r\n", lines) + "\r\n";
  }

  /** Starts a data plane and returns its port. */
  private Future<Integer> forward(Upstream upstream) {
    Promise<Integer> port = Promise.promise();
    return vertx
        .deployVerticle(
            new ProxyVerticle(
                ListenerConfig.DEFAULT.at(LOOPBACK, FREE_PORT, Duration.ZERO, END),
                new Entrance(null, port::tryComplete),
                new LiveRoutes(ProxyConfig.to(upstream)),
                parts()))
        .onSuccess(id -> plane = id)
        .compose(deployed -> port.future());
  }

  private ProxyParts parts() {
    Metrics metrics = new Metrics("", new Readiness());
    KeyVerifier keys =
        new KeyVerifier(
            tokens,
            new AnyKey(store),
            new ChangeClock(),
            trust,
            new KeyVerifier.Times(clients.clock(), clients.nanoTime()),
            CacheConfig.DEFAULT,
            false,
            metrics.verify());
    UsageRecorder usage = // never started: what it gathers goes with it
        new UsageRecorder(
            vertx,
            new NoUsage(),
            UsageConfig.DEFAULT,
            metrics.usage(),
            clients.clock(),
            clients.nanoTime());
    return new ProxyParts(
        new CredentialVerifiers(keys, keys),
        clients.limits(),
        clients.windows(),
        clients.ownSession(),
        Parts.use(usage),
        clients.ownRoutes(),
        clients.cors(),
        clients.requestIds(),
        metrics.proxy(List.of()),
        AccessLog.NONE,
        clients.clock(),
        clients.nanoTime());
  }

  private void askAll(NetClient askers, int port) {
    String known = tokens.mint(TokenShape.MGP);
    for (int i = 0; i < CONNECTIONS; i++) {
      ask(askers, port, () -> known);
    }
    for (int i = 0; i < CONNECTIONS_OF_STRANGERS; i++) {
      ask(askers, port, () -> tokens.mint(TokenShape.MGP));
    }
  }

  /** Sends the next request when the last one was answered, until the client is closed. */
  private void ask(NetClient client, int port, Supplier<String> token) {
    client
        .connect(port, LOOPBACK)
        .onSuccess(
            socket -> {
              AtomicInteger left = new AtomicInteger(REQUESTS_PER_CONNECTION);
              socket.closeHandler(closed -> askAgain(client, port, token));
              socket.handler(
                  answer -> {
                    if (answer.getByte(answer.length() - 1) == END_OF_ANSWER) {
                      answers.incrementAndGet();
                      send(socket, token, left.decrementAndGet());
                    }
                  });
              send(socket, token, left.get());
            });
  }

  private void askAgain(NetClient client, int port, Supplier<String> token) {
    if (!over) {
      ask(client, port, token);
    }
  }

  private static void send(NetSocket socket, Supplier<String> token, int left) {
    if (left == 0) {
      socket.close();
      return;
    }
    String head = REQUEST_HEADS.get(left % REQUEST_HEADS.size());
    socket.write(Buffer.buffer(head + "Authorization: Bearer " + token.get() + "\r\n\r\n"));
  }

  private static void answer(NetSocket socket) {
    AtomicInteger left = new AtomicInteger(REQUESTS_PER_CONNECTION);
    socket.handler(
        request -> {
          if (left.decrementAndGet() > 0) {
            socket.write(ANSWERS.get(left.get() % ANSWERS.size()));
          } else {
            socket.end(LAST_ANSWER);
          }
        });
  }

  /** A store that asks the database, and then has every key. */
  private static final class AnyKey implements KeyStore {
    private final KeyStore store;
    private final Principal somebody =
        new Principal(
            Principal.Method.API_KEY,
            UUID.randomUUID(),
            KeyKind.MGP,
            UUID.randomUUID(),
            UUID.randomUUID(),
            null,
            Set.of(),
            List.of(),
            null,
            true,
            KeyPolicy.NONE);

    AnyKey(KeyStore store) {
      this.store = store;
    }

    @Override
    public Future<Optional<StoredKey>> find(List<TokenHash> candidates) {
      StoredKey key = new StoredKey(somebody, candidates.get(0), null, null, null, false);
      return store.find(candidates).transform(answer -> Future.succeededFuture(Optional.of(key)));
    }

    @Override
    public Future<Void> rehash(UUID keyId, TokenHash from, TokenHash to, String pepper) {
      return Future.succeededFuture();
    }
  }

  private static final class NoUsage implements UsageStore {
    @Override
    public Future<Void> add(List<KeyUsage> usage) {
      return Future.succeededFuture();
    }

    @Override
    public Future<Integer> removeHoursBefore(Instant end, int maxRows) {
      return Future.succeededFuture(0);
    }
  }
}
