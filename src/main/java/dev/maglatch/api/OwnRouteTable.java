// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import io.vertx.core.Handler;
import io.vertx.core.http.HttpServerRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The gateway's own routes, found by exact path. Asked about every request, so a foreign path costs
 * one hash lookup and a few prefix comparisons. Immutable, safe on any thread.
 */
public final class OwnRouteTable {
  private final List<Endpoint> endpoints;
  private final CallRunner runner;
  private final Map<String, OwnPath> literal = new HashMap<>();
  private final List<OwnPath> withParameters = new ArrayList<>();

  /** Throws {@link IllegalArgumentException} when two endpoints have one path and one method. */
  public OwnRouteTable(List<Endpoint> endpoints, CallRunner runner) {
    this.endpoints = List.copyOf(endpoints);
    this.runner = runner;
    Map<String, OwnPath> byTemplate = new HashMap<>();
    for (Endpoint endpoint : endpoints) {
      byTemplate.computeIfAbsent(endpoint.path(), this::add).add(endpoint);
    }
  }

  /** Returns every endpoint, in the order given. */
  public List<Endpoint> endpoints() {
    return endpoints;
  }

  /**
   * Returns who answers {@code request}, or null if its path is not one of ours.
   *
   * @param request paused, and past the strict gate; the handler may be called at once or later
   */
  public @Nullable Handler<HttpServerRequest> find(HttpServerRequest request, String requestId) {
    String raw = request.path();
    if (raw == null) {
      return null;
    }
    Match match = match(raw);
    if (RawPath.isPlain(raw)) {
      return match == null
          ? null
          : exchange -> runner.run(match.path, match.call(exchange, requestId));
    }
    Match read = match(RawPath.read(raw));
    if (match == null && read == null) {
      return null;
    }
    return exchange -> runUnplain(exchange, requestId, match, read);
  }

  /** A path with two readings is served only when both are one and the same route. */
  private void runUnplain(
      HttpServerRequest request, String requestId, @Nullable Match sent, @Nullable Match read) {
    if (sent != null && read != null && sent.path == read.path) {
      runner.run(read.path, read.call(request, requestId));
      return;
    }
    Match known = sent != null ? sent : read;
    if (known != null) {
      runner.refuse(known.path, known.call(request, requestId), Problem.AMBIGUOUS_PATH);
    }
  }

  private OwnPath add(String template) {
    PathTemplate path = new PathTemplate(template);
    OwnPath own = new OwnPath(path);
    if (path.hasParameters()) {
      withParameters.add(own);
    } else {
      literal.put(template, own);
    }
    return own;
  }

  private @Nullable Match match(String path) {
    OwnPath exact = literal.get(path);
    if (exact != null) {
      return new Match(exact, Map.of());
    }
    for (OwnPath candidate : withParameters) {
      Map<String, String> parameters = candidate.template().match(path);
      if (parameters != null) {
        return new Match(candidate, parameters);
      }
    }
    return null;
  }

  private record Match(OwnPath path, Map<String, String> parameters) {
    Call call(HttpServerRequest request, String requestId) {
      return new Call(request, requestId, parameters);
    }
  }
}
