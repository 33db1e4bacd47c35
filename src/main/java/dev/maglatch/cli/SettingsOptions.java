// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.config.ConfigSource;
import dev.maglatch.config.ConfigSource.Reading;
import dev.maglatch.config.GatewayConfig;
import dev.maglatch.config.Mode;
import dev.maglatch.settings.Problems;
import dev.maglatch.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say where settings come from, for every command that needs any. */
final class SettingsOptions {
  @Option(
      names = {"-c", "--config"},
      paramLabel = "FILE",
      description = {
        "YAML file with settings; conf/maglatch.yaml shows them all.",
        "Without it the file that MAGLATCH_CONFIG names, if any. Each setting is also an"
            + " environment variable, which wins: http.port is MAGLATCH_HTTP_PORT."
      })
  private @Nullable Path file;

  @Option(
      names = {"-s", "--set"},
      paramLabel = "KEY=VALUE",
      description = "Sets one setting, such as http.port=8081; wins over everything else.")
  private Map<String, String> overrides = new LinkedHashMap<>();

  /** Returns the file that is read; null for none. */
  @Nullable Path file() {
    String variable = System.getenv("MAGLATCH_CONFIG");
    return file != null || variable == null || variable.isBlank() ? file : Path.of(variable);
  }

  /** Reads the settings, or throws {@link InvalidSettings} with all that is wrong with them. */
  GatewayConfig read(Mode mode) {
    return read(mode, Map.of());
  }

  /** As {@link #read(Mode)}, with other defaults beside the mode's own. */
  GatewayConfig read(Mode mode, Map<String, String> moreDefaults) {
    return valid(reading(mode, moreDefaults)).config();
  }

  /** Returns {@code reading}, or throws {@link InvalidSettings} with all that is wrong with it. */
  static Reading valid(Reading reading) {
    Problems problems = reading.settings().problems();
    if (!problems.isEmpty()) {
      throw new InvalidSettings(problems);
    }
    return reading;
  }

  /** Reads the settings, good or bad. */
  Reading reading(Mode mode, Map<String, String> moreDefaults) {
    Map<String, String> defaults = new LinkedHashMap<>(mode.defaults());
    defaults.putAll(moreDefaults);
    Settings settings = Settings.load(file(), System.getenv(), overrides, defaults);
    GatewayConfig config = GatewayConfig.read(settings, mode);
    return new Reading(config, settings, settings.problems().lines());
  }

  /**
   * Returns what reads the settings again while a gateway runs.
   *
   * @param again called for each reading, on any thread
   */
  ConfigSource source(Supplier<Reading> again) {
    return new ConfigSource() {
      @Override
      public @Nullable Path file() {
        return SettingsOptions.this.file();
      }

      @Override
      public Reading read() {
        Reading reading = again.get();
        Path file = file();
        return file == null || !isBlank(file)
            ? reading
            : new Reading(
                reading.config(),
                reading.settings(),
                List.of(file + ": is empty (expected: settings)"));
      }
    };
  }

  /** What is being written is empty for a moment, and would take all routes away. */
  private static boolean isBlank(Path file) {
    try {
      return Files.readString(file).isBlank();
    } catch (IOException unreadable) {
      return false; // a problem already
    }
  }

  /** As {@link #read(Mode, Map)}, and asks for the secrets too, which a mode may do without. */
  GatewayConfig readWithSecrets(Mode mode, Map<String, String> moreDefaults) {
    GatewayConfig config = read(mode, moreDefaults);
    if (config.secrets().ring() == null) {
      Problems problems = new Problems();
      problems.add("secrets.master", "missing (expected: the one that the gateway has)", "");
      throw new InvalidSettings(problems);
    }
    return config;
  }

  /** Settings that cannot be used. */
  static final class InvalidSettings extends RuntimeException {
    private static final long serialVersionUID = 1;

    InvalidSettings(Problems problems) {
      super(problems.report());
    }
  }
}
