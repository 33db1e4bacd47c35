// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.manage.AccountRecord;
import io.vertx.core.json.JsonArray;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code maglatch account list}. */
@Command(
    name = "list",
    description = "Shows all accounts, newest first.",
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false)
final class AccountListCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before call()
  private CommandSpec spec;

  @Option(
      names = "--json",
      description =
          "Prints a JSON array: id, email, user_record_id, organization_id, role, created_at,"
              + " disabled_at.")
  private boolean json;

  @Mixin private final DatabaseWork database = new DatabaseWork();

  @Override
  public Integer call() throws IOException {
    List<AccountRecord> accounts = database.run(Accounts::all);
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      JsonArray all = new JsonArray();
      accounts.forEach(
          account ->
              all.add(
                  Accounts.json(account)
                      .put("role", account.role().text())
                      .put("created_at", Table.time(account.createdAt()))
                      .put("disabled_at", Table.time(account.disabledAt()))));
      out.println(all.encode());
      return 0;
    }
    Table table = new Table("EMAIL", "ID", "ORGANIZATION", "ROLE", "CREATED", "DISABLED");
    accounts.forEach(
        account ->
            table.row(
                account.email(),
                account.id(),
                account.organizationId(),
                account.role().text(),
                Table.time(account.createdAt()),
                Table.time(account.disabledAt())));
    table.print(out);
    return 0;
  }
}
