// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.testing;

import io.vertx.core.json.jackson.JacksonCodec;
import io.vertx.core.spi.JsonFactory;
import io.vertx.core.spi.json.JsonCodec;

/**
 * Lets Vert.x read JSON in tests as it does in a gateway. Jackson's databind, which the Kubernetes
 * types need, is on the class path of the tests alone, and Vert.x would prefer it.
 */
public final class PlainJson implements JsonFactory {
  private final JsonCodec codec = new JacksonCodec();

  @Override
  public JsonCodec codec() {
    return codec;
  }
}
