// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.config.Mode;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code maglatch check}. */
@Command(
    name = "check",
    description = {
      "Checks all settings as serve would, without starting anything.",
      "Prints every problem with its key, its value, what was expected and where it was set."
    },
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false)
final class CheckCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before call()
  private CommandSpec spec;

  @Mixin private final SettingsOptions settings = new SettingsOptions();

  @Option(names = "--dev", description = "Checks as dev would: nothing has to be set.")
  private boolean dev;

  @Override
  public Integer call() {
    settings.read(dev ? Mode.DEV : Mode.SERVE);
    Path file = settings.file();
    PrintWriter out = spec.commandLine().getOut();
    out.println(
        "Configuration is valid ("
            + (file == null ? "environment alone" : file + " and environment")
            + ").");
    return 0;
  }
}
