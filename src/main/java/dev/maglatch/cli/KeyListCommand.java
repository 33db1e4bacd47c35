// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.Management;
import dev.maglatch.key.KeyKind;
import dev.maglatch.manage.AccountRecord;
import dev.maglatch.manage.KeyReach;
import dev.maglatch.manage.KeyRecord;
import dev.maglatch.manage.Page;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code maglatch key list}. */
@Command(
    name = "list",
    description = "Shows the keys of an account, newest first, revoked ones too.",
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false)
final class KeyListCommand implements Callable<Integer> {
  private static final Comparator<KeyRecord> NEWEST_FIRST =
      Comparator.comparing((KeyRecord key) -> key.life().createdAt()).reversed();

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before call()
  private CommandSpec spec;

  @Option(
      names = "--account",
      required = true,
      paramLabel = "E",
      description = "E-mail address or id of the account that holds them.")
  @SuppressWarnings("NullAway.Init")
  private String account;

  @Option(
      names = "--json",
      description =
          "Prints a JSON array: id, prefix, kind, name, scope, active, created_at, last_used_at,"
              + " expires_at, revoked_at.")
  private boolean json;

  @Mixin private final DatabaseWork database = new DatabaseWork();

  @Override
  public Integer call() throws IOException {
    List<KeyRecord> keys =
        database.run(all -> Accounts.named(all, account).compose(holder -> keysOf(all, holder)));
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      JsonArray all = new JsonArray();
      keys.forEach(key -> all.add(json(key)));
      out.println(all.encode());
    } else {
      table(keys).print(out);
    }
    return 0;
  }

  private static Future<List<KeyRecord>> keysOf(Management management, AccountRecord holder) {
    List<Future<List<KeyRecord>>> kinds =
        Stream.of(KeyKind.values())
            .map(kind -> new KeyReach(kind, holder.organizationId(), holder.id()))
            .map(reach -> management.keys().list(reach, Page.WHOLE))
            .toList();
    return Future.all(kinds)
        .map(
            done ->
                kinds.stream()
                    .flatMap(keys -> keys.result().stream())
                    .sorted(NEWEST_FIRST)
                    .toList());
  }

  private static JsonObject json(KeyRecord key) {
    return new JsonObject()
        .put("id", key.id().toString())
        .put("prefix", key.prefix())
        .put("kind", key.kind().text())
        .put("name", key.settings().name())
        .put("scope", key.settings().scope())
        .put("active", key.life().active())
        .put("created_at", Table.time(key.life().createdAt()))
        .put("last_used_at", Table.time(key.use().at()))
        .put("expires_at", Table.time(key.settings().expiresAt()))
        .put("revoked_at", Table.time(key.life().revokedAt()));
  }

  private static Table table(List<KeyRecord> keys) {
    Table table = new Table("ID", "KIND", "PREFIX", "NAME", "SCOPE", "STATE", "CREATED", "USED");
    keys.forEach(
        key ->
            table.row(
                key.id(),
                key.kind().text(),
                key.prefix() + "...",
                key.settings().name(),
                key.settings().scope(),
                state(key),
                Table.time(key.life().createdAt()),
                Table.time(key.use().at())));
    return table;
  }

  private static String state(KeyRecord key) {
    if (key.life().active()) {
      return key.life().suspended() ? "disabled" : "active";
    }
    return key.life().revokedAt() == null ? "expired" : "revoked";
  }
}
