// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Tells when the content of a file has changed.
 *
 * <p>Goes by content alone, through every symbolic link: Kubernetes replaces a mounted file by
 * turning a link on its way, and some editors write the same time twice. For one thread at a time;
 * blocks.
 */
public final class WatchedFile {
  private static final String ABSENT = "absent";

  private final Path file;
  private String reported;
  private String last;

  /** Takes the content that {@code file} has now for known. */
  public WatchedFile(Path file) {
    this.file = file;
    this.reported = seal();
    this.last = reported;
  }

  /**
   * Looks at the file. Returns true once for each content that differs from what was known before
   * and was the same at the last look already: what is being written is left to be finished.
   */
  public boolean changed() {
    String now = seal();
    boolean settled = now.equals(last);
    last = now;
    if (!settled || now.equals(reported)) {
      return false;
    }
    reported = now;
    return true;
  }

  private String seal() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(Files.readAllBytes(file)));
    } catch (IOException unreadable) {
      return ABSENT;
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
