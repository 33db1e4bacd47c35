// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import static java.util.Objects.requireNonNull;

import dev.maglatch.manage.Confirmation;
import dev.maglatch.manage.Revocation;
import dev.maglatch.secret.Secret;
import java.io.IOException;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code maglatch key revoke}. */
@Command(
    name = "revoke",
    description = {
      "Revokes a key by its id, or by its leaked token.",
      "Returns when no gateway accepts it any more, and says how many have confirmed that."
    },
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false,
    footer = {"", "For example:", "  printf %%s \"$LEAKED\" | maglatch key revoke --token-stdin"})
final class KeyRevokeCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before call()
  private CommandSpec spec;

  @ArgGroup(multiplicity = "1")
  @SuppressWarnings("NullAway.Init")
  private Which which;

  @Mixin private final DatabaseWork database = new DatabaseWork();

  /** Exactly one of the two. */
  static final class Which {
    @Parameters(paramLabel = "ID", description = "Id of the key, see: maglatch key list")
    private @Nullable UUID id;

    @Option(
        names = "--token-stdin",
        description = "Reads the token from standard input instead of an id.")
    private boolean tokenStdin;
  }

  @Override
  public Integer call() throws IOException {
    Revocation done = which.tokenStdin ? revokeToken() : revokeId();
    String what = which.tokenStdin ? "the key of that token" : "key " + which.id;
    spec.commandLine().getOut().println("Revoked " + what + confirmed(done, what));
    return 0;
  }

  private Revocation revokeToken() throws IOException {
    Secret token = StandardInput.line(spec, "token");
    return database.run(all -> all.operatorKeys().revokeToken(token));
  }

  private Revocation revokeId() throws IOException {
    UUID id = requireNonNull(which.id, "id");
    return database.run(all -> all.operatorKeys().revoke(id));
  }

  private static String confirmed(Revocation done, String what) {
    Confirmation confirmation = done.confirmation();
    return switch (done.outcome()) {
      case REVOKED -> confirmation == null ? "." : " (" + confirmation.headerValue() + ").";
      case ALREADY_REVOKED -> throw new CommandFailure(what + " was revoked already");
      case UNKNOWN -> throw new CommandFailure("there is no such key: " + what);
    };
  }
}
