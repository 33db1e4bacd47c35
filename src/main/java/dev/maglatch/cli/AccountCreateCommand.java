// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.manage.AccountRecord;
import dev.maglatch.manage.AccountRegistry.Insertion;
import dev.maglatch.manage.Actor;
import dev.maglatch.manage.CreateAccount;
import dev.maglatch.manage.Role;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code maglatch account create}. */
@Command(
    name = "create",
    description = {
      "Makes an account, with an organization of its own unless one is named.",
      "Without a password it can hold keys and cannot sign in."
    },
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false,
    footer = {
      "",
      "For example:",
      "  printf %%s \"$PASSWORD\" | maglatch account create --email ann@example.com"
          + " --password-stdin"
    })
final class AccountCreateCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before call()
  private CommandSpec spec;

  @Option(
      names = "--email",
      required = true,
      paramLabel = "E",
      description = "Its e-mail address, which nobody else may have.")
  @SuppressWarnings("NullAway.Init")
  private String email;

  @Option(
      names = "--password-stdin",
      description = "Reads its password from standard input: one line, 8 characters or more.")
  private boolean passwordStdin;

  @Option(
      names = "--organization",
      paramLabel = "ID",
      description = "The organization it joins. Without it one is made.")
  private @Nullable UUID organization;

  @Option(
      names = "--role",
      paramLabel = "ROLE",
      converter = Converters.OfRole.class,
      description = "owner (sees all keys of the organization, the default) or member (its own).")
  private Role role = Role.OWNER;

  @Option(
      names = "--json",
      description = "Prints JSON: id, email, user_record_id, organization_id.")
  private boolean json;

  @Mixin private final DatabaseWork database = new DatabaseWork();

  @Override
  public Integer call() throws IOException {
    if (organization == null && role == Role.MEMBER) {
      throw new ParameterException(
          spec.commandLine(), "a member needs --organization: a new one needs an owner");
    }
    String hash = passwordStdin ? Accounts.passwordHash(spec) : null;
    CreateAccount command = new CreateAccount(email, hash, organization, role);
    Insertion done = database.run(all -> all.accounts().create(command, Actor.OPERATOR));
    AccountRecord account = done.account();
    if (account == null) {
      throw refusal(done);
    }
    print(spec.commandLine().getOut(), account);
    return 0;
  }

  private RuntimeException refusal(Insertion done) {
    return switch (done.outcome()) {
      case EMAIL_TAKEN -> new CommandFailure("there is an account of " + email + " already");
      case NOT_AN_EMAIL ->
          new ParameterException(
              spec.commandLine(), "--email: " + email + " (expected: an e-mail address)");
      case NO_ORGANIZATION -> new CommandFailure("there is no organization " + organization);
      case CREATED -> new IllegalStateException("created without an account");
    };
  }

  private void print(PrintWriter out, AccountRecord account) {
    if (json) {
      out.println(Accounts.json(account).encode());
      return;
    }
    out.println("Made the account of " + account.email() + ".");
    out.println("  id              " + account.id());
    out.println("  user record id  " + account.userRecordId());
    out.println(
        "  organization    " + account.organizationId() + " (" + account.role().text() + ")");
    out.println(
        "Make a key for it: maglatch key create --account "
            + account.email()
            + " --kind mgp --name first");
  }
}
