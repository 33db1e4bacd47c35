// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** POSIX signals to processes that a test has started. */
public final class Signals {
  private static final int PATIENCE_SECONDS = 10;
  private static final String IGNORED = "SigIgn:";
  private static final long HANG_UP = 1; // the lowest bit of the mask is the first signal

  private Signals() {}

  /** Stops {@code process} and all it has started where they are, until {@link #resume}. */
  public static void pause(ProcessHandle process) {
    send("-STOP", process);
  }

  /** Lets {@code process} and all it has started go on. */
  public static void resume(ProcessHandle process) {
    send("-CONT", process);
  }

  /** Asks {@code process} and all it has started to read their configuration again. */
  public static void hangUp(ProcessHandle process) {
    send("-HUP", process);
  }

  /**
   * Whether {@code process} was started to ignore {@link #hangUp}, as whatever {@code nohup} starts
   * is. False where there is no {@code /proc}.
   */
  public static boolean ignoresHangUp(ProcessHandle process) throws IOException {
    Path status = Path.of("/proc/" + process.pid() + "/status");
    if (!Files.exists(status)) {
      return false;
    }
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith(IGNORED))
        .map(line -> line.substring(IGNORED.length()).strip())
        .anyMatch(mask -> (Long.parseUnsignedLong(mask, 16) & HANG_UP) != 0);
  }

  /** Ends {@code process} and all it has started without a word, and waits until they are gone. */
  public static void kill(ProcessHandle process) {
    List<ProcessHandle> family = family(process);
    send("-KILL", process);
    for (ProcessHandle member : family) {
      member.onExit().orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
    }
  }

  private static void send(String signal, ProcessHandle process) {
    List<String> command = new ArrayList<>(List.of("kill", signal));
    family(process).forEach(member -> command.add(String.valueOf(member.pid())));
    try {
      // One that ended by itself meanwhile makes the program fail, and is as good.
      new ProcessBuilder(command)
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .onExit()
          .orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
          .join();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** The process itself first, so that it starts no more while the others are told. */
  private static List<ProcessHandle> family(ProcessHandle process) {
    return Stream.concat(Stream.of(process), process.descendants()).toList();
  }
}
