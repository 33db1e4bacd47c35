// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import static dev.maglatch.verify.Verdict.Outcome.ALLOWED;
import static java.util.Objects.requireNonNull;

import dev.maglatch.http.BearerToken;
import dev.maglatch.key.KeyKind;
import dev.maglatch.key.Principal;
import dev.maglatch.verify.CredentialVerifier;
import dev.maglatch.verify.Verdict;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import java.util.Set;

/**
 * Accepts a session's JWT and keys of some kinds as {@code Authorization: Bearer}. A good key of
 * another kind is nobody's here; a key of scope {@code read} may only read.
 */
public final class BearerAccess implements Access {
  private static final Set<HttpMethod> READING =
      Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS);

  private final CredentialVerifier verifier;
  private final Set<KeyKind> kinds;
  private final boolean heedsScope;

  public BearerAccess(CredentialVerifier verifier, Set<KeyKind> kinds) {
    this(verifier, kinds, true);
  }

  private BearerAccess(CredentialVerifier verifier, Set<KeyKind> kinds, boolean heedsScope) {
    this.verifier = requireNonNull(verifier, "verifier");
    this.kinds = Set.copyOf(kinds);
    this.heedsScope = heedsScope;
  }

  /** Accepts keys of every scope whatever the method: the operation itself asks for the scope. */
  public static BearerAccess ofAnyScope(CredentialVerifier verifier, Set<KeyKind> kinds) {
    return new BearerAccess(verifier, kinds, false);
  }

  @Override
  public Future<Verdict> check(Call call) {
    BearerToken token = call.bearer();
    return switch (token.kind()) {
      case MISSING -> Future.succeededFuture(Verdict.MISSING);
      case MALFORMED -> Future.succeededFuture(Verdict.MALFORMED);
      case PRESENT -> decide(call, token.text()).map(verdict -> here(call, verdict));
    };
  }

  private Future<Verdict> decide(Call call, String credential) {
    Verdict known = verifier.decideNow(credential, call.clientAddress());
    return known != null
        ? Future.succeededFuture(known)
        : verifier.decide(credential, call.clientAddress());
  }

  private Verdict here(Call call, Verdict verdict) {
    Principal principal = verdict.principal();
    if (verdict.outcome() != ALLOWED || principal == null) {
      return verdict;
    }
    KeyKind kind = principal.kind();
    if (kind != null && !kinds.contains(kind)) {
      return Verdict.UNKNOWN;
    }
    return heedsScope && principal.readOnly() && !READING.contains(call.method())
        ? Verdict.FORBIDDEN
        : verdict;
  }
}
