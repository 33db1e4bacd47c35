// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.manage.KeyInventory.Held;
import dev.maglatch.manage.KeyRecord;
import dev.maglatch.manage.OperatorKeys;
import dev.maglatch.manage.Page;
import io.vertx.core.Future;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code maglatch key export}. */
@Command(
    name = "export",
    description = {
      "Writes all keys as CSV to standard output, oldest first, revoked ones too.",
      "A list to look at and to count: it holds no token and no hash, so it lets nobody in and"
          + " cannot be imported again. To move keys, move the database and its secrets."
    },
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false)
final class KeyExportCommand implements Callable<Integer> {
  private static final int PAGE = 1_000;
  private static final String HEAD =
      "id,account_email,kind,name,prefix,scope,created_at,last_used_at,expires_at,revoked_at";

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before call()
  private CommandSpec spec;

  @Mixin private final DatabaseWork database = new DatabaseWork();

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    database.run(
        all -> {
          out.println(HEAD);
          return write(all.operatorKeys(), out, 0);
        });
    return 0;
  }

  private static Future<Integer> write(OperatorKeys keys, PrintWriter out, int from) {
    return keys.list(new Page(PAGE, from))
        .compose(
            page -> {
              page.forEach(held -> out.println(line(held)));
              return page.size() < PAGE
                  ? Future.succeededFuture(from + page.size())
                  : write(keys, out, from + PAGE);
            });
  }

  private static String line(Held held) {
    KeyRecord key = held.key();
    List<@Nullable String> cells = new ArrayList<>();
    cells.add(key.id().toString());
    cells.add(held.email());
    cells.add(key.kind().text());
    cells.add(key.settings().name());
    cells.add(key.prefix());
    cells.add(key.settings().scope());
    cells.add(key.life().createdAt().toString());
    cells.add(text(key.use().at()));
    cells.add(text(key.settings().expiresAt()));
    cells.add(text(key.life().revokedAt()));
    return Csv.write(cells);
  }

  private static @Nullable String text(@Nullable Instant time) {
    return time == null ? null : time.toString();
  }
}
