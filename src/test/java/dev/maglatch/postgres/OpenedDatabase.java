// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import dev.maglatch.Await;
import io.vertx.core.Vertx;

/** A database of a test class's own, opened as the gateway opens its own. */
final class OpenedDatabase implements AutoCloseable {
  final Vertx vertx = Vertx.vertx();
  final TestDatabase server = TestDatabase.create();
  final Database database = Database.open(vertx, server.address(), PoolLimits.DEFAULT);

  @Override
  public void close() {
    Await.result(database.close());
    Await.result(vertx.close());
    server.close();
  }
}
