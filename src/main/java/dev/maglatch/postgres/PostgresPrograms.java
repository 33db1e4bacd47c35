// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import java.io.File;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Runs initdb and pg_ctl, which refuse to run as root: as root they run in a user namespace of
 * their own, or, where that is not allowed (many containers), as nobody. Blocks.
 */
final class PostgresPrograms {
  private static final List<String> AS_OURSELVES = List.of();
  private static final List<String> IN_NAMESPACE = List.of("unshare", "--user");
  private static final List<String> AS_NOBODY =
      List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");
  private static final int ROOT = 0;
  private static final int NOBODY = 65_534;
  private static final Duration PROBE_TIMEOUT = Duration.ofSeconds(10);

  private final Path home;
  private final List<String> launcher;

  private PostgresPrograms(Path home, List<String> launcher) {
    this.home = home;
    this.launcher = launcher;
  }

  /**
   * Finds out how the programs in {@code home} can run here.
   *
   * @param folder ours, for the server's data
   * @throws IOException with a text that says what to do if they cannot
   */
  static PostgresPrograms of(Path home, Path folder) throws IOException {
    if (!isRoot(folder)) {
      return new PostgresPrograms(home, AS_OURSELVES);
    }
    PostgresPrograms inNamespace = new PostgresPrograms(home, IN_NAMESPACE);
    if (inNamespace.works("postgres", "--version")) {
      return inNamespace;
    }
    PostgresPrograms asNobody = new PostgresPrograms(home, AS_NOBODY);
    if (asNobody.works("postgres", "--version")) {
      return asNobody;
    }
    throw new IOException(
        "PostgreSQL refuses to run as root, and neither a user namespace nor the user nobody is"
            + " usable for "
            + folder
            + "; start as an ordinary user, set data-dir to a folder that nobody can reach, or set"
            + " database.url");
  }

  /** Gives a file or folder, with all that is in it, to the user that the programs run as. */
  void own(Path path) throws IOException {
    if (!launcher.equals(AS_NOBODY)) {
      return;
    }
    try (Stream<Path> files = Files.walk(path)) {
      for (Path file : files.toList()) {
        Files.setAttribute(file, "unix:uid", NOBODY);
        Files.setAttribute(file, "unix:gid", NOBODY);
      }
    }
  }

  /**
   * Runs one program to its end and returns its exit code; what it prints goes to {@code output}.
   */
  int run(Duration timeout, File output, String program, String... arguments) throws IOException {
    ProcessBuilder builder = builder(output, program, arguments);
    Process process = builder.start();
    try {
      if (process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        return process.exitValue();
      }
      process.destroyForcibly();
      throw new IOException(program + " did not end within " + timeout.toSeconds() + " s");
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException(program + " was interrupted");
    }
  }

  /** Returns how to start one program here; what it prints goes to {@code output}. */
  ProcessBuilder builder(File output, String program, String... arguments) {
    List<String> command = new ArrayList<>(launcher);
    command.add(home.resolve("bin").resolve(program).toString());
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
    builder.environment().put("LC_ALL", "C");
    builder.redirectInput(new File("/dev/null"));
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(output));
    return builder;
  }

  private boolean works(String program, String argument) {
    try {
      return run(PROBE_TIMEOUT, new File("/dev/null"), program, argument) == 0;
    } catch (IOException absent) {
      return false;
    }
  }

  private static boolean isRoot(Path folder) throws IOException {
    Path ours = Files.createTempFile(folder, "whoami", "");
    try {
      return Files.getAttribute(ours, "unix:uid").equals(ROOT);
    } finally {
      Files.delete(ours);
    }
  }
}
