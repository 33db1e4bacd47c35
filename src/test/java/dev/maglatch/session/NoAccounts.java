// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import dev.maglatch.secret.Secret;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** An account store that can do one thing: provision. */
final class NoAccounts implements AccountStore {
  final List<String> provisioned = new ArrayList<>();

  @Override
  public Future<@Nullable SessionAccount> byEmail(String email) {
    return Future.failedFuture("not here");
  }

  @Override
  public Future<@Nullable SessionAccount> byId(UUID id) {
    return Future.failedFuture("not here");
  }

  @Override
  public Future<SessionAccount> provision(String issuer, String subject, @Nullable String email) {
    provisioned.add(issuer + " " + subject + " " + email);
    return Future.succeededFuture(FakeSessionLookup.account(false));
  }

  @Override
  public Future<@Nullable SessionAccount> signUp(String email, Secret passwordHash, Origin origin) {
    return Future.failedFuture("not here");
  }

  @Override
  public Future<Boolean> changePassword(PasswordChange change) {
    return Future.failedFuture("not here");
  }
}
