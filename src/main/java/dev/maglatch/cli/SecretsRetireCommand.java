// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.Management;
import dev.maglatch.postgres.SecretUses.Use;
import io.vertx.core.Future;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code maglatch secrets retire}. */
@Command(
    name = "retire",
    description = {
      "Makes the database forget keys of an old master: a gateway that has only these does not"
          + " start any more. All of those named, or none.",
      "Refused while rows still need one, unless --force is given: then these keys, webhook"
          + " secrets or sign-ins are lost as soon as the old master is out of the settings."
    },
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false,
    footer = {"", "For example:", "  maglatch secrets retire 5b1f0c3a9d7e2468"})
final class SecretsRetireCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before call()
  private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "FINGERPRINT",
      description = "Which, see: maglatch secrets status")
  private List<String> fingerprints = new ArrayList<>();

  @Option(names = "--force", description = "Gives it up although rows still need it.")
  private boolean force;

  @Mixin private final DatabaseWork database = new DatabaseWork();

  @Override
  public Integer call() throws IOException {
    List<Use> retired = database.run(this::retire);
    for (Use use : retired) {
      spec.commandLine()
          .getOut()
          .println("Retired %s %s.".formatted(use.purpose(), use.fingerprint()));
    }
    spec.commandLine().getOut().println("Take the old master out of secrets.previous now.");
    return 0;
  }

  private Future<List<Use>> retire(Management management) {
    return management
        .secrets()
        .list()
        .map(this::chosen)
        .compose(
            chosen -> {
              List<Future<Void>> done = new ArrayList<>();
              chosen.forEach(use -> done.add(management.secrets().retire(use)));
              return Future.all(done).map(chosen);
            });
  }

  private List<Use> chosen(List<Use> uses) {
    List<Use> chosen = new ArrayList<>();
    for (String fingerprint : fingerprints) {
      Use use =
          uses.stream()
              .filter(each -> each.fingerprint().equalsIgnoreCase(fingerprint))
              .findFirst()
              .orElseThrow(() -> new CommandFailure("no key has the fingerprint " + fingerprint));
      refuseIfNeeded(use);
      chosen.add(use);
    }
    return chosen;
  }

  private void refuseIfNeeded(Use use) {
    if (use.current()) {
      throw new CommandFailure(
          use.fingerprint() + " is the current " + use.purpose() + " key; set another one first");
    }
    if (use.rows() > 0 && !force) {
      throw new CommandFailure(
          "%s%d rows still need %s (%s); wait, or add --force to lose them"
              .formatted(
                  use.exact() ? "" : "up to ", use.rows(), use.fingerprint(), use.purpose()));
    }
  }
}
