// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import static java.util.Objects.requireNonNull;

import io.vertx.core.http.HttpMethod;

/**
 * One own route. A GET route answers HEAD too.
 *
 * @param path template such as {@code /v1/api-keys/{id}}; a parameter is one whole segment
 */
public record Endpoint(
    HttpMethod method,
    String path,
    Facade facade,
    Access access,
    BodyRule body,
    Operation operation) {

  public Endpoint {
    requireNonNull(method, "method");
    requireNonNull(facade, "facade");
    requireNonNull(access, "access");
    requireNonNull(body, "body");
    requireNonNull(operation, "operation");
  }
}
