// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.postgres.SecretUses.Use;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code maglatch secrets status}. */
@Command(
    name = "status",
    description = {
      "Lists the keys derived from secrets.master and secrets.previous, and those of older masters"
          + " that the database knows, by fingerprint, with the rows that each still serves.",
      "pepper: keys not revoked whose hash it made; they move to the current one when they are"
          + " used. check: keys not revoked that it may have made. encryption: webhook secrets"
          + " sealed with it. session: sign-ins whose tokens it may have signed."
    },
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false,
    footer = {"", "A number after <= is an upper bound: no row says which key made it."})
final class SecretsStatusCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before call()
  private CommandSpec spec;

  @Option(
      names = "--json",
      description =
          "Prints a JSON array: purpose, fingerprint, standing (current, previous or null),"
              + " first_used, rows, exact.")
  private boolean json;

  @Mixin private final DatabaseWork database = new DatabaseWork();

  @Override
  public Integer call() throws IOException {
    List<Use> uses = database.run(all -> all.secrets().list());
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      JsonArray array = new JsonArray();
      uses.forEach(use -> array.add(json(use)));
      out.println(array.encode());
    } else {
      table(uses).print(out);
    }
    return 0;
  }

  private static Table table(List<Use> uses) {
    Table table = new Table("PURPOSE", "FINGERPRINT", "IN SETTINGS", "FIRST USED", "ROWS");
    for (Use use : uses) {
      table.row(
          use.purpose(),
          use.fingerprint(),
          use.standing(),
          Table.time(use.firstUsed()),
          (use.exact() ? "" : "<= ") + use.rows());
    }
    return table;
  }

  private static JsonObject json(Use use) {
    return new JsonObject()
        .put("purpose", use.purpose())
        .put("fingerprint", use.fingerprint())
        .put("standing", use.standing())
        .put("first_used", Table.time(use.firstUsed()))
        .put("rows", use.rows())
        .put("exact", use.exact());
  }
}
