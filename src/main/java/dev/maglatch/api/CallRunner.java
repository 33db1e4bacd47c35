// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import static dev.maglatch.verify.Verdict.Outcome.ALLOWED;
import static java.util.Objects.requireNonNull;

import dev.maglatch.fault.Fault;
import dev.maglatch.http.Quota;
import dev.maglatch.http.TrustedProxies;
import dev.maglatch.key.Principal;
import dev.maglatch.limit.KeyLimits;
import dev.maglatch.verify.Verdict;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes one request through an own route: who calls, what was sent, the operation, the answer. */
public final class CallRunner {
  private static final Logger LOG = LoggerFactory.getLogger(CallRunner.class);

  private final TrustedProxies proxies;
  private final KeyLimits limits;
  private final UseListener uses;
  private final BodyReader bodies;
  private final AnswerWriter writer;

  public CallRunner(Vertx vertx, TrustedProxies proxies, KeyLimits limits, UseListener uses) {
    this.proxies = requireNonNull(proxies, "proxies");
    this.limits = requireNonNull(limits, "limits");
    this.uses = requireNonNull(uses, "uses");
    this.bodies = new BodyReader(vertx);
    this.writer = new AnswerWriter(vertx);
  }

  /** Read it top to bottom: there is no other path. */
  void run(OwnPath path, Call call) {
    HttpServerRequest request = call.request();
    call.cameFrom(proxies.clientAddress(peer(request), request.headers()));
    Endpoint endpoint = path.endpoint(call.method());
    if (endpoint == null) {
      writer.write(call, path.facade(), withoutEndpoint(path, call));
      return;
    }
    admit(endpoint, call)
        .compose(refusal -> refusal == null ? body(endpoint, call) : refused(refusal))
        .compose(
            problem ->
                problem == null ? operate(endpoint, call) : rendered(endpoint, call, problem))
        .otherwise(failure -> failed(endpoint, call, failure))
        .onSuccess(answer -> writer.write(call, endpoint.facade(), answer));
  }

  /** Answers a request on {@code path} with {@code problem}. */
  void refuse(OwnPath path, Call call, Problem problem) {
    Facade facade = path.facade();
    writer.write(call, facade, facade.dialect().render(problem, call));
  }

  private static Answer withoutEndpoint(OwnPath path, Call call) {
    Facade facade = path.facade();
    if (call.method().equals(HttpMethod.OPTIONS)) {
      Answer preflight = facade.crossOrigin().preflight(call.request(), path.allowed());
      return preflight != null ? preflight : Answer.empty(204).with("Allow", path.allowed());
    }
    return facade.dialect().render(Problem.METHOD_NOT_ALLOWED, call).with("Allow", path.allowed());
  }

  /** Returns null once the caller is known, or needs not be; else why not. */
  private Future<@Nullable Problem> admit(Endpoint endpoint, Call call) {
    if (endpoint.access() == Access.ANYONE) {
      return Future.succeededFuture();
    }
    return Future.succeededFuture(call)
        .compose(endpoint.access()::check)
        .map(verdict -> admitted(endpoint, call, verdict));
  }

  private @Nullable Problem admitted(Endpoint endpoint, Call call, Verdict verdict) {
    Principal principal = verdict.principal();
    if (verdict.outcome() != ALLOWED || principal == null) {
      call.quota(verdict.quota());
      return Problem.of(verdict.outcome());
    }
    Quota quota = limits.take(principal);
    call.quota(quota);
    if (quota != null && quota.refused()) {
      return Problem.RATE_LIMITED;
    }
    call.admitted(principal, endpoint.access().sessionName());
    if (principal.keyId() != null) {
      uses.used(principal.keyId(), call.clientAddress(), call.userAgent());
    }
    return null;
  }

  private Future<@Nullable Problem> body(Endpoint endpoint, Call call) {
    return bodies
        .read(call, endpoint.body())
        .map(
            reading -> {
              call.received(reading.body());
              return reading.problem();
            });
  }

  private static Future<@Nullable Problem> refused(Problem problem) {
    return Future.succeededFuture(problem);
  }

  private static Future<Answer> operate(Endpoint endpoint, Call call) {
    return endpoint.operation().run(call);
  }

  private static Future<Answer> rendered(Endpoint endpoint, Call call, Problem problem) {
    return Future.succeededFuture(endpoint.facade().dialect().render(problem, call));
  }

  private static Answer failed(Endpoint endpoint, Call call, Throwable failure) {
    Fault fault = Fault.from(failure);
    Problem problem = Problem.of(fault.code());
    if (problem == Problem.INTERNAL) {
      LOG.error(
          "own route failed route={} request_id={}", endpoint.path(), call.requestId(), failure);
    } else {
      LOG.warn(
          "own route unavailable route={} request_id={} reason={}",
          endpoint.path(),
          call.requestId(),
          fault.getMessage());
    }
    return endpoint.facade().dialect().render(problem, call);
  }

  private static String peer(HttpServerRequest request) {
    String host = request.remoteAddress() == null ? null : request.remoteAddress().hostAddress();
    return host == null ? "" : host;
  }
}
