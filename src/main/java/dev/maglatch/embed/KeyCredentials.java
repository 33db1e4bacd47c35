// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.embed;

import static java.util.Objects.requireNonNull;

import io.vertx.core.json.JsonObject;
import io.vertx.ext.auth.authentication.Credentials;

/**
 * A key or a session token, and where it is used from.
 *
 * @param token the text after {@code Bearer}
 * @param clientAddress an IP address, which a key may be bound to
 */
public record KeyCredentials(String token, String clientAddress) implements Credentials {
  public KeyCredentials {
    requireNonNull(token, "token");
    requireNonNull(clientAddress, "clientAddress");
  }

  /** Returns the address alone: the token must not get where JSON goes. */
  @Override
  public JsonObject toJson() {
    return new JsonObject().put("clientAddress", clientAddress);
  }

  @Override
  public String toString() {
    return "KeyCredentials[token=****, clientAddress=" + clientAddress + "]";
  }
}
