// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.maglatch.config.SecretsConfig;
import dev.maglatch.secret.Secret;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Map;

/** The master secret of development, kept beside the data that was made with it. */
final class DevSecrets {
  private static final String FILE = "dev-secrets";

  private DevSecrets() {}

  /** Returns the setting that {@code dev} made in {@code folder}; empty if it made none. */
  static Map<String, String> kept(Path folder) throws IOException {
    return Files.isReadable(folder.resolve(FILE))
        ? Map.of("secrets.master", master(folder).reveal())
        : Map.of();
  }

  /** Returns the master of {@code folder}, making one on first use. Only its owner can read it. */
  static Secret master(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    try {
      if (!Files.exists(file)) {
        Files.createDirectories(folder);
        Files.createFile(
            file,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Secret made = SecretsConfig.developmentMaster(new SecureRandom());
        Files.writeString(file, made.reveal() + "\n", US_ASCII);
      }
      return new Secret(Files.readString(file, US_ASCII).strip());
    } catch (AccessDeniedException denied) {
      throw new IOException(
          denied.getFile() + " cannot be used; set data-dir to a folder of your own", denied);
    }
  }
}
