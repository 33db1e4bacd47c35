// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import io.vertx.core.http.HttpMethod;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The endpoints of one path template. Filled while the table is made, then only read. */
final class OwnPath {
  private final PathTemplate template;
  private final Map<HttpMethod, Endpoint> byMethod = new LinkedHashMap<>();

  OwnPath(PathTemplate template) {
    this.template = template;
  }

  void add(Endpoint endpoint) {
    if (byMethod.put(endpoint.method(), endpoint) != null) {
      throw new IllegalArgumentException(
          "two routes for " + endpoint.method() + " " + endpoint.path());
    }
  }

  PathTemplate template() {
    return template;
  }

  /** Returns who serves {@code method}; HEAD is served by GET. Null if nobody does. */
  @Nullable Endpoint endpoint(HttpMethod method) {
    Endpoint exact = byMethod.get(method);
    return exact == null && method.equals(HttpMethod.HEAD) ? byMethod.get(HttpMethod.GET) : exact;
  }

  /** Returns what all endpoints of this path have in common. */
  Facade facade() {
    return byMethod.values().iterator().next().facade();
  }

  /** Returns the value of {@code Allow}. */
  String allowed() {
    TreeSet<String> names = new TreeSet<>();
    byMethod.keySet().forEach(method -> names.add(method.name()));
    if (byMethod.containsKey(HttpMethod.GET)) {
      names.add(HttpMethod.HEAD.name());
    }
    names.add(HttpMethod.OPTIONS.name());
    return String.join(", ", names);
  }
}
