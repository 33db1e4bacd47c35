// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import static java.util.Objects.requireNonNull;

import dev.maglatch.manage.Actor;
import dev.maglatch.session.Origin;
import dev.maglatch.session.Sessions.SignedIn;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One request of a browser, read as a whole.
 *
 * @param parts what stands in the path for the route's parameters, in their order
 * @param form the body's fields, if it has any
 * @param query the fields of the query
 * @param who null on a page that is open to anyone
 */
record Visit(
    HttpServerRequest request,
    String requestId,
    String clientAddress,
    List<String> parts,
    Form form,
    Form query,
    @Nullable SignedIn who) {

  /** Whether a script asks for what belongs into the dialog of the page it is on. */
  boolean modal() {
    return "modal".equals(request.getHeader("HX-Target"));
  }

  /** Whether a script asks, which cannot be led to another page by a redirect. */
  boolean scripted() {
    return request.getHeader("HX-Request") != null;
  }

  boolean reads() {
    HttpMethod method = request.method();
    return method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD);
  }

  /** Returns who is signed in. Throws {@link NullPointerException} on a page that is open. */
  SignedIn signedIn() {
    return requireNonNull(who, "this page asks nobody");
  }

  UUID accountId() {
    return signedIn().account().id();
  }

  UUID organizationId() {
    return signedIn().account().organizationId();
  }

  boolean owner() {
    return signedIn().account().owner();
  }

  /** Returns who acts, as the audit names it. */
  Actor actor() {
    return Actor.of(signedIn().principal(), "cookie", clientAddress);
  }

  Origin origin() {
    return new Origin(clientAddress, request.getHeader(HttpHeaders.USER_AGENT));
  }

  Visit by(SignedIn somebody) {
    return new Visit(request, requestId, clientAddress, parts, form, query, somebody);
  }
}
