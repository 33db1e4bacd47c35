// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.Management;
import dev.maglatch.manage.AccountRecord;
import dev.maglatch.manage.Page;
import dev.maglatch.secret.Secret;
import dev.maglatch.session.PasswordHash;
import dev.maglatch.session.PasswordRule;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** What several commands do with accounts. */
final class Accounts {
  private static final int PAGE = 1_000;

  private Accounts() {}

  private static final Pattern ID =
      Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");

  /**
   * Returns the account of an e-mail address or an id, or fails with a {@link CommandFailure} if
   * there is none.
   */
  static Future<AccountRecord> named(Management management, String name) {
    boolean isId = ID.matcher(name).matches();
    return (isId
            ? management.accounts().find(UUID.fromString(name))
            : management.accounts().findByEmail(name))
        .compose(
            found ->
                found == null
                    ? Future.failedFuture(
                        new CommandFailure(
                            "no account has the "
                                + (isId ? "id " : "e-mail address ")
                                + name
                                + "; list them with: maglatch account list"))
                    : Future.succeededFuture(found));
  }

  /** Returns all accounts, newest first. */
  static Future<List<AccountRecord>> all(Management management) {
    return next(management, new ArrayList<>());
  }

  private static Future<List<AccountRecord>> next(
      Management management, List<AccountRecord> before) {
    return management
        .accounts()
        .list(new Page(PAGE, before.size()))
        .compose(
            page -> {
              before.addAll(page);
              return page.size() < PAGE ? Future.succeededFuture(before) : next(management, before);
            });
  }

  static JsonObject json(AccountRecord account) {
    return new JsonObject()
        .put("id", account.id().toString())
        .put("email", account.email())
        .put("user_record_id", account.userRecordId())
        .put("organization_id", account.organizationId().toString());
  }

  /** Reads a password from standard input and returns what to store of it. */
  static String passwordHash(CommandSpec command) throws IOException {
    Secret password = StandardInput.line(command, "password");
    if (!PasswordRule.allows(password)) {
      throw new ParameterException(
          command.commandLine(),
          "the password must have %d to %d characters"
              .formatted(PasswordRule.MIN_LENGTH, PasswordRule.MAX_LENGTH));
    }
    return PasswordHash.of(password, new SecureRandom());
  }
}
