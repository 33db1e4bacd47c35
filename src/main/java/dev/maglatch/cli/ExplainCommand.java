// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.Explainer;
import dev.maglatch.Explainer.Question;
import dev.maglatch.Explanation;
import dev.maglatch.http.IpRanges;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code maglatch explain}. */
@Command(
    name = "explain",
    description = {
      "Tells step by step why a request with a key is let through or refused.",
      "Reads the key in the database and the routes in the settings, by the rules of the gateway."
          + " Scope, addresses and limit of the key are those of today, whatever --at says."
    },
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false,
    footer = {"", "Exit codes: 0 let through, 1 refused or failed, 2 wrong use"})
final class ExplainCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before call()
  private CommandSpec spec;

  @ArgGroup(multiplicity = "1")
  @SuppressWarnings("NullAway.Init")
  private Which which;

  @Option(names = "--method", paramLabel = "M", description = "Its method; GET unless set.")
  private String method = "GET";

  @Option(
      names = "--url",
      required = true,
      paramLabel = "U",
      description = "What the client asked for: http://host/path, or a path alone.")
  @SuppressWarnings("NullAway.Init")
  private String url;

  @Option(
      names = "--address",
      paramLabel = "IP",
      description = "Where the client was; needed for keys with allowedIps.")
  private @Nullable String address;

  @Option(
      names = "--at",
      paramLabel = "TIME",
      description = "When, such as 2026-02-18T10:05:06Z; now unless set.")
  private @Nullable Instant at;

  @Option(names = "--json", description = "Prints a JSON object: allowed, status, steps.")
  private boolean json;

  @Mixin private final DatabaseWork database = new DatabaseWork();

  /** Exactly one of the two. */
  static final class Which {
    @Option(names = "--key-id", paramLabel = "ID", description = "Id of the key.")
    private @Nullable UUID id;

    @Option(names = "--token-stdin", description = "Reads its token from standard input instead.")
    private boolean tokenStdin;
  }

  @Override
  public Integer call() throws IOException {
    Question question =
        new Question(
            which.id,
            which.tokenStdin ? StandardInput.line(spec, "token") : null,
            Urls.method(spec, method),
            Urls.address(spec, url),
            clientAddress(),
            at == null ? Instant.now() : at);
    Explanation answer =
        database.run((all, config) -> new Explainer(config, all).explain(question));
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(json(answer).encode());
    } else {
      print(answer, out);
    }
    return answer.allowed() ? 0 : 1;
  }

  private @Nullable String clientAddress() {
    if (address != null && (address.contains("/") || !IpRanges.isRange(address))) {
      throw new ParameterException(spec.commandLine(), "not an IP address: " + address);
    }
    return address;
  }

  private static void print(Explanation answer, PrintWriter out) {
    Table table = new Table("STEP", "", "WHY");
    answer
        .steps()
        .forEach(step -> table.row(step.name(), step.passed() ? "ok" : "REFUSED", step.text()));
    table.print(out);
    out.println(answer.allowed() ? "Let through." : "Refused: " + answer.status() + ".");
  }

  private static JsonObject json(Explanation answer) {
    JsonArray steps = new JsonArray();
    answer
        .steps()
        .forEach(
            step ->
                steps.add(
                    new JsonObject()
                        .put("step", step.name())
                        .put("passed", step.passed())
                        .put("why", step.text())));
    return new JsonObject()
        .put("allowed", answer.allowed())
        .put("status", answer.allowed() ? null : answer.status())
        .put("steps", steps);
  }
}
