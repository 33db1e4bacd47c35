// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.List;
import java.util.Set;
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
    footer = {
      "",
      "To see it work: maglatch dev",
      "Every command explains itself: maglatch COMMAND --help",
      "Exit codes: 0 done, 1 failed, 2 wrong use or wrong settings"
    })
public final class Main {
  /** In the order of the help text. */
  static final List<Class<?>> COMMANDS =
      List.of(
          ServeCommand.class,
          DevCommand.class,
          MigrateCommand.class,
          CheckCommand.class,
          AccountCommand.class,
          KeyCommand.class,
          SecretsCommand.class,
          TryCommand.class,
          ExplainCommand.class,
          VersionCommand.class);

  private static final Set<String> ANSWERING =
      Set.of("account", "key", "secrets", "try", "explain", "check");

  private final InputStream in;

  private Main(InputStream in) {
    this.in = in;
  }

  /** Returns standard input. */
  InputStream in() {
    return in;
  }

  /** Runs one command and ends the process with its exit code. */
  public static void main(String[] args) {
    Shutdown.ownProcess();
    preferPooledBuffers();
    Charset charset = Charset.defaultCharset();
    PrintWriter out = new PrintWriter(System.out, true, charset);
    PrintWriter err = new PrintWriter(System.err, true, charset);
    if (args.length > 0 && ANSWERING.contains(args[0])) {
      System.setOut(System.err); // their output is an answer, and the log would spoil it
    }
    Shutdown.exit(run(args, System.in, out, err));
  }

  /**
   * Chooses Netty's pooled allocator unless another one is asked for. It is read when Netty's first
   * class is loaded. src/docs/decisions/own-upstream-connections.md
   */
  private static void preferPooledBuffers() {
    String property = "io.netty.allocator.type";
    if (System.getProperty(property) == null) {
      System.setProperty(property, "pooled");
    }
  }

  /** Runs one command and returns its exit code. */
  static int run(String[] args, InputStream in, PrintWriter out, PrintWriter err) {
    CommandLine line = new CommandLine(new Main(in));
    commands(args).forEach(line::addSubcommand);
    line.setOut(out)
        .setErr(err)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(Failures::report);
    if (args.length == 0) {
      line.usage(err);
      return CommandLine.ExitCode.USAGE;
    }
    return line.execute(args);
  }

  /** Describing a command takes its time at every start: the one that is named is enough. */
  private static List<Class<?>> commands(String[] args) {
    return COMMANDS.stream()
        .filter(type -> args.length > 0 && type.getAnnotation(Command.class).name().equals(args[0]))
        .findFirst()
        .<List<Class<?>>>map(List::of)
        .orElse(COMMANDS);
  }
}
