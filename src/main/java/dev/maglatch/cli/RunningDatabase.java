// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.maglatch.config.GatewayConfig;
import dev.maglatch.postgres.DatabaseAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The embedded database of a {@code dev} or {@code serve} that runs beside this command. */
final class RunningDatabase {
  private static final int CONNECT_MILLIS = 1_000;

  private RunningDatabase() {}

  /** Returns how to reach the one under {@code data-dir}, or null if none runs. */
  static @Nullable DatabaseAddress of(GatewayConfig config) throws IOException {
    Path file = config.dataDir().resolve("database-url");
    if (!Files.isReadable(file)) {
      return null;
    }
    String url = Files.readString(file, US_ASCII).strip();
    return answers(url) ? DatabaseAddress.parse(url, null, null) : null;
  }

  /** Whether somebody listens: a process that was killed leaves the file behind. */
  private static boolean answers(String url) {
    try (Socket socket = new Socket()) {
      URI uri = URI.create(url);
      socket.connect(new InetSocketAddress(uri.getHost(), uri.getPort()), CONNECT_MILLIS);
      return true;
    } catch (IOException | IllegalArgumentException gone) {
      return false;
    }
  }
}
