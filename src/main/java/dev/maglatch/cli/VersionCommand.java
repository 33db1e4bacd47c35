// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.postgres.SchemaVersion;
import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code maglatch version}. */
@Command(
    name = "version",
    description = "Shows the version of this build, of its database schema and of Java.",
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class)
final class VersionCommand implements Callable<Integer>, IVersionProvider {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before call()
  private CommandSpec spec;

  @Override
  public Integer call() {
    spec.commandLine().getOut().println(getVersion()[0]);
    return 0;
  }

  @Override
  public String[] getVersion() {
    return new String[] {
      "maglatch %s (schema %d, Java %s)"
          .formatted(version(), SchemaVersion.LATEST, System.getProperty("java.version"))
    };
  }

  /** Returns this build's version. */
  static String version() {
    Properties properties = new Properties();
    try (InputStream in = VersionCommand.class.getResourceAsStream("version.properties")) {
      if (in != null) {
        properties.load(in);
      }
    } catch (IOException unreadable) {
      // as if there were none
    }
    return properties.getProperty("version", "unknown");
  }
}
