// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import static java.util.Objects.requireNonNull;

import dev.maglatch.postgres.DatabaseAddress;
import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a command did that was run in this JVM, with nothing on its standard input.
 *
 * @param code its exit code
 * @param out what it wrote to standard output
 * @param err what it wrote to standard error
 */
record Ran(int code, String out, String err) {
  /** Returns what every command on a database needs. */
  static Map<String, String> settings(DatabaseAddress address, String master, Path dataDir) {
    Map<String, String> settings = new HashMap<>();
    settings.put("database.url", address.url());
    settings.put("database.user", String.valueOf(address.user()));
    settings.put("database.password", requireNonNull(address.password()).reveal());
    settings.put("data-dir", dataDir.toString());
    settings.put("secrets.master", master);
    return settings;
  }

  /** Runs a command with these settings. */
  static Ran with(Map<String, String> settings, String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    settings.forEach((name, value) -> all.add("-s=" + name + "=" + value));
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        Main.run(
            all.toArray(String[]::new),
            new ByteArrayInputStream(new byte[0]),
            new PrintWriter(out, true),
            new PrintWriter(err, true));
    return new Ran(code, out.toString(), err.toString());
  }
}
