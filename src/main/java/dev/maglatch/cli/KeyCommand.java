// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import picocli.CommandLine.Command;

/** {@code maglatch key}. */
@Command(
    name = "key",
    description = {
      "Makes, lists, revokes, takes over and writes out keys.",
      "Works on the gateway's database with the gateway's settings, whether it runs or not."
    },
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false,
    subcommands = {
      KeyCreateCommand.class,
      KeyListCommand.class,
      KeyRevokeCommand.class,
      KeyImportCommand.class,
      KeyExportCommand.class
    },
    footer = {
      "",
      "Beside a running dev nothing has to be set, in the folder it was started in:",
      "  maglatch key list --account dev@example.com",
      "Else name database.url and secrets.master as the gateway has them."
    })
final class KeyCommand {}
