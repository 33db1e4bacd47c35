// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.manage.Actor;
import dev.maglatch.manage.Confirmation;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code maglatch account passwd}. */
@Command(
    name = "passwd",
    description = {
      "Sets the password of an account and ends all its sessions.",
      "Returns when no gateway accepts them any more. Its keys go on."
    },
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false)
final class AccountPasswdCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before call()
  private CommandSpec spec;

  @Option(names = "--email", required = true, paramLabel = "E", description = "Whose password.")
  @SuppressWarnings("NullAway.Init")
  private String email;

  @Option(
      names = "--password-stdin",
      description = "Reads the password from standard input: one line, 8 characters or more.")
  private boolean passwordStdin;

  @Mixin private final DatabaseWork database = new DatabaseWork();

  @Override
  public Integer call() throws IOException {
    if (!passwordStdin) {
      throw new ParameterException(
          spec.commandLine(), "--password-stdin is needed: a password is read from there only");
    }
    String hash = Accounts.passwordHash(spec);
    Confirmation done =
        database.run(
            all ->
                Accounts.named(all, email)
                    .compose(
                        account ->
                            all.accounts().setPasswordHash(account.id(), hash, Actor.OPERATOR)));
    if (done == null) {
      throw new CommandFailure("the account of " + email + " is gone");
    }
    spec.commandLine()
        .getOut()
        .println("Set the password of " + email + " (" + done.headerValue() + ").");
    return 0;
  }
}
