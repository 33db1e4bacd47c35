// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import picocli.CommandLine.Command;

/** {@code maglatch account}. */
@Command(
    name = "account",
    description = {
      "Makes and lists the accounts that hold keys, and sets their passwords.",
      "Works on the gateway's database with the gateway's settings, whether it runs or not."
    },
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false,
    subcommands = {
      AccountCreateCommand.class,
      AccountListCommand.class,
      AccountPasswdCommand.class
    },
    footer = {
      "",
      "Beside a running dev nothing has to be set, in the folder it was started in:",
      "  maglatch account list",
      "Else name database.url and secrets.master as the gateway has them."
    })
final class AccountCommand {}
