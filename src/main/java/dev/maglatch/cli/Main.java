// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import java.io.PrintWriter;
import java.nio.charset.Charset;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line's entry point. */
@Command(
    name = "maglatch",
    description = "An API gateway that lets in only who holds a good key.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false,
    subcommands = {
      ServeCommand.class,
      DevCommand.class,
      MigrateCommand.class,
      CheckCommand.class,
      VersionCommand.class
    },
    footer = {
      "",
      "To see it work: maglatch dev",
      "Every command explains itself: maglatch COMMAND --help",
      "Exit codes: 0 done, 1 failed, 2 wrong use or wrong settings"
    })
public final class Main {
  private Main() {}

  /** Runs one command and ends the process with its exit code. */
  public static void main(String[] args) {
    Shutdown.ownProcess();
    Charset charset = Charset.defaultCharset();
    PrintWriter out = new PrintWriter(System.out, true, charset);
    PrintWriter err = new PrintWriter(System.err, true, charset);
    Shutdown.exit(run(args, out, err));
  }

  /** Runs one command and returns its exit code. */
  static int run(String[] args, PrintWriter out, PrintWriter err) {
    CommandLine line =
        new CommandLine(new Main())
            .setOut(out)
            .setErr(err)
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setExecutionExceptionHandler(Failures::report);
    if (args.length == 0) {
      line.usage(err);
      return CommandLine.ExitCode.USAGE;
    }
    return line.execute(args);
  }
}
