// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.magicpost;

import static java.util.Objects.requireNonNull;

import dev.maglatch.api.Access;
import dev.maglatch.api.Answer;
import dev.maglatch.api.BearerAccess;
import dev.maglatch.api.Call;
import dev.maglatch.api.Dialect;
import dev.maglatch.api.Operation;
import dev.maglatch.api.Problem;
import dev.maglatch.api.magicpost.Profiles.Profile;
import dev.maglatch.http.BearerToken;
import dev.maglatch.key.KeyKind;
import dev.maglatch.key.Principal;
import dev.maglatch.key.TokenShape;
import dev.maglatch.verify.CredentialVerifier;
import dev.maglatch.verify.Verdict;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Tells whose key was sent. Anything but an {@code mp_} token counts as none. */
final class VerifyKey implements Access, Dialect, Operation {
  private final Access bearer;
  private final Dialect errors;
  private final Profiles profiles;

  VerifyKey(CredentialVerifier verifier, Dialect errors, Profiles profiles) {
    this.bearer = new BearerAccess(verifier, Set.of(KeyKind.MP));
    this.errors = requireNonNull(errors, "errors");
    this.profiles = requireNonNull(profiles, "profiles");
  }

  @Override
  public Future<Verdict> check(Call call) {
    return keySent(call) ? bearer.check(call) : Future.succeededFuture(Verdict.MISSING);
  }

  @Override
  public Answer render(Problem problem, Call call) {
    return problem == Problem.UNAUTHENTICATED && keySent(call)
        ? MagicPostErrors.userNotFound()
        : errors.render(problem, call);
  }

  @Override
  public Future<Answer> run(Call call) {
    Principal principal = call.principal();
    UUID account = principal.accountId();
    return account == null
        ? Future.succeededFuture(MagicPostErrors.userNotFound())
        : profiles.of(account).map(profile -> answer(principal, profile));
  }

  private static Answer answer(Principal principal, @Nullable Profile profile) {
    if (profile == null) {
      return MagicPostErrors.userNotFound();
    }
    JsonArray scopes = new JsonArray();
    principal.scopes().stream().sorted().forEach(scopes::add);
    return Answer.json(
        200,
        new JsonObject()
            .put("user_record_id", profile.userRecordId())
            .put("email", profile.email())
            .put("scopes", scopes));
  }

  private static boolean keySent(Call call) {
    BearerToken token = call.bearer();
    return token.kind() == BearerToken.Kind.PRESENT && TokenShape.of(token.text()) == TokenShape.MP;
  }
}
