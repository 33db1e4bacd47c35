// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.maglatch.manage.KeyInventory.BadLine;
import dev.maglatch.manage.OperatorKeys;
import io.vertx.core.Future;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code maglatch key import}. */
@Command(
    name = "import",
    description = {
      "Takes keys over from another system, or from key export: all of a file, or none if any line"
          + " is wrong.",
      "The file is CSV, its first line names the columns: account_email, kind, name, sha256 or"
          + " token, created_at, last_used_at, scope, expires_at. sha256 is SHA-256 of the whole"
          + " token in hex, so that tokens need not be known; then a column prefix may say how"
          + " they begin. Times are written as 2026-02-18T10:05:06Z. No cap counts, no event is"
          + " sent, and the audit gets one row.",
      "From key export further: hash and pepper instead of sha256, id, description, allowed_ips,"
          + " rate_limit, revoked_at, revoke_after."
    },
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false,
    footer = {
      "",
      "Tokens of other systems lack our check bytes: the gateway looks them up only with",
      "tokens.accept-unchecked: true."
    })
final class KeyImportCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before call()
  private CommandSpec spec;

  @Parameters(paramLabel = "FILE.csv", description = "The file, in UTF-8.")
  @SuppressWarnings("NullAway.Init")
  private Path path;

  @Mixin private final DatabaseWork database = new DatabaseWork();

  @Override
  public Integer call() throws IOException {
    ImportFile file = ImportFile.read(text(), Instant.now());
    List<BadLine> bad = new ArrayList<>(file.bad());
    try {
      bad.addAll(database.run(all -> imported(all.operatorKeys(), file)));
    } finally {
      report(bad); // what is wrong with the file is so without a database too
    }
    if (!bad.isEmpty()) {
      throw new CommandFailure("nothing was imported from " + path + ": see the lines above");
    }
    spec.commandLine().getOut().println("Imported " + file.keys().size() + " keys.");
    return 0;
  }

  private static Future<List<BadLine>> imported(OperatorKeys keys, ImportFile file) {
    return file.bad().isEmpty() ? keys.importAll(file.keys()) : keys.check(file.keys());
  }

  private String text() throws IOException {
    try {
      return Files.readString(path, UTF_8);
    } catch (NoSuchFileException missing) {
      throw new IOException(path + ": no such file", missing);
    } catch (CharacterCodingException notText) {
      throw new IOException(path + " is not UTF-8", notText);
    }
  }

  private void report(List<BadLine> bad) {
    PrintWriter err = spec.commandLine().getErr();
    bad.stream()
        .sorted(Comparator.comparingInt(BadLine::line))
        .forEach(line -> err.println(path + ":" + line.line() + ": " + line.reason()));
  }
}
