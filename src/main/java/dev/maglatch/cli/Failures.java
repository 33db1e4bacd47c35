// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.cli.SettingsOptions.InvalidSettings;
import dev.maglatch.fault.Fault;
import dev.maglatch.fault.StartFailure;
import java.io.IOException;
import java.net.BindException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;

/** Turns what went wrong into one line for the terminal and an exit code. */
final class Failures {
  private static final Logger LOG = LoggerFactory.getLogger(Failures.class);

  private Failures() {}

  /** As picocli wants it. */
  static int report(Exception failure, CommandLine command, ParseResult parsed) {
    if (failure instanceof InvalidSettings) {
      command.getErr().println(failure.getMessage());
      return CommandLine.ExitCode.USAGE;
    }
    command.getErr().println("maglatch: " + explain(failure));
    return CommandLine.ExitCode.SOFTWARE;
  }

  private static String explain(Throwable failure) {
    StartFailure known = find(StartFailure.class, failure);
    if (known != null) {
      return oneLine(known.getMessage());
    }
    CommandFailure refused = find(CommandFailure.class, failure);
    if (refused != null) {
      return oneLine(refused.getMessage());
    }
    if (find(BindException.class, failure) != null) {
      return "a port is taken (" + oneLine(failure.getMessage()) + "); set http.port or ops.port";
    }
    Fault fault = find(Fault.class, failure);
    if (fault != null) {
      return oneLine(fault.getMessage());
    }
    if (failure instanceof IOException) {
      return oneLine(failure.getMessage());
    }
    LOG.error("unexpected failure", failure);
    return "unexpected failure, see the log: " + oneLine(failure.toString());
  }

  private static <T extends Throwable> @Nullable T find(Class<T> type, Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (type.isInstance(cause)) {
        return type.cast(cause);
      }
    }
    return null;
  }

  private static String oneLine(@Nullable String text) {
    return text == null ? "no reason given" : text.strip().replaceAll("\\s*\\R\\s*", " ");
  }
}
