// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.KeyPolicy.RateLimit;
import dev.maglatch.manage.KeyInventory.Held;
import dev.maglatch.manage.KeyRecord;
import dev.maglatch.manage.OperatorKeys;
import dev.maglatch.manage.Page;
import io.vertx.core.Future;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
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
      "key import takes the file into another database whose gateway has the same secrets.master,"
          + " or this one among secrets.previous: the column hash holds what is stored of a token,"
          + " and only the pepper whose fingerprint stands beside it can find it. Neither the"
          + " token nor its SHA-256 can be had from it.",
      "Not in the file: accounts, which have to be there before an import; webhook URLs and"
          + " secrets; and keys of service accounts, whose number is told on standard error."
    },
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false)
final class KeyExportCommand implements Callable<Integer> {
  private static final int PAGE = 1_000;
  private static final String HEAD =
      "id,account_email,kind,name,prefix,scope,created_at,last_used_at,expires_at,revoked_at,"
          + "description,allowed_ips,rate_limit,revoke_after,hash,pepper";

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before call()
  private CommandSpec spec;

  @Mixin private final DatabaseWork database = new DatabaseWork();

  private int leftOut;

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    database.run(
        all -> {
          out.println(HEAD);
          return write(all.operatorKeys(), out, 0);
        });
    if (leftOut > 0) {
      spec.commandLine()
          .getErr()
          .println("maglatch: left out " + leftOut + " keys of service accounts");
    }
    return 0;
  }

  private Future<Integer> write(OperatorKeys keys, PrintWriter out, int from) {
    return keys.list(new Page(PAGE, from))
        .compose(
            page -> {
              page.forEach(held -> write(held, out));
              return page.isEmpty() // a row that cannot be read makes its page shorter
                  ? Future.succeededFuture(from)
                  : write(keys, out, from + PAGE);
            });
  }

  private void write(Held held, PrintWriter out) {
    if (held.key().owner().serviceAccountId() == null) {
      out.println(line(held));
    } else {
      leftOut++;
    }
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
    cells.add(key.settings().description());
    addPolicy(cells, key.settings().policy());
    cells.add(text(key.life().revokeAfter()));
    cells.add(HexFormat.of().formatHex(held.hash().bytes()));
    cells.add(held.pepper());
    return Csv.write(cells);
  }

  private static void addPolicy(List<@Nullable String> cells, KeyPolicy policy) {
    List<String> ranges = policy.allowedIps();
    RateLimit limit = policy.rateLimit();
    cells.add(ranges == null ? null : String.join(" ", ranges));
    cells.add(limit == null ? null : limit.limit() + "/" + limit.windowSeconds());
  }

  private static @Nullable String text(@Nullable Instant time) {
    return time == null ? null : time.toString();
  }
}
