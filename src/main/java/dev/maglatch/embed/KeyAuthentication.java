// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.embed;

import static java.util.Objects.requireNonNull;

import dev.maglatch.key.Principal;
import dev.maglatch.verify.CredentialVerifier;
import dev.maglatch.verify.Verdict;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.auth.User;
import io.vertx.ext.auth.authentication.AuthenticationProvider;
import io.vertx.ext.auth.authentication.Credentials;
import io.vertx.ext.auth.authentication.TokenCredentials;
import org.jspecify.annotations.Nullable;

/**
 * Checks keys and session tokens for whoever speaks Vert.x's authentication.
 *
 * <p>Takes {@link KeyCredentials}, and {@link TokenCredentials}, which do not say where they are
 * used from: a key that is bound to addresses is refused with them. Fails with {@link
 * CredentialRefused} if the credential is not good, and with a {@link dev.maglatch.fault.Fault} if
 * nobody could tell: that says nothing about the credential, and must not become a 401.
 */
public final class KeyAuthentication implements AuthenticationProvider {
  private static final String NOWHERE = "";

  private final CredentialVerifier verifier;

  public KeyAuthentication(CredentialVerifier verifier) {
    this.verifier = requireNonNull(verifier, "verifier");
  }

  @Override
  public Future<User> authenticate(Credentials credentials) {
    if (credentials instanceof KeyCredentials key) {
      return authenticate(key.token(), key.clientAddress());
    }
    if (credentials instanceof TokenCredentials bare && bare.getToken() != null) {
      return authenticate(bare.getToken(), NOWHERE);
    }
    return Future.failedFuture(new CredentialRefused(Verdict.Outcome.MISSING));
  }

  private Future<User> authenticate(String token, String clientAddress) {
    Verdict now = verifier.decideNow(token, clientAddress);
    return now == null
        ? verifier.decide(token, clientAddress).compose(KeyAuthentication::userOf)
        : userOf(now);
  }

  private static Future<User> userOf(Verdict verdict) {
    Principal principal = verdict.principal();
    return principal == null
        ? Future.failedFuture(new CredentialRefused(verdict.outcome()))
        : Future.succeededFuture(User.create(json(principal)));
  }

  /** Returns what is known of the caller; ids that there are not are left out. */
  private static JsonObject json(Principal principal) {
    JsonObject json = new JsonObject();
    put(json, "sub", principal.accountId());
    put(json, "keyId", principal.keyId());
    put(json, "accountId", principal.accountId());
    put(json, "organizationId", principal.organizationId());
    put(json, "serviceAccountId", principal.serviceAccountId());
    json.put("scopes", new JsonArray(principal.scopes().stream().toList()));
    json.put("permissions", new JsonArray(principal.permissions()));
    return json.put("method", principal.method().text());
  }

  private static void put(JsonObject json, String name, @Nullable Object id) {
    if (id != null) {
      json.put(name, id.toString());
    }
  }
}
