// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import picocli.CommandLine.Command;

/** {@code maglatch secrets}. */
@Command(
    name = "secrets",
    description = {
      "Shows what the database still needs old secrets for, and gives them up.",
      "Works on the gateway's database with the gateway's settings, whether it runs or not."
    },
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false,
    subcommands = {SecretsStatusCommand.class, SecretsRetireCommand.class},
    footer = {
      "",
      "To replace secrets.master: set the new one, move the old one to secrets.previous, restart",
      "the gateways, wait until secrets status shows few rows, retire the old fingerprints, and",
      "take the old one out of the settings."
    })
final class SecretsCommand {}
