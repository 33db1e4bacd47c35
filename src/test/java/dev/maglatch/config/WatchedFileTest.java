// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WatchedFileTest {
  @TempDir private Path folder;
  private Path file;
  private WatchedFile watched;

  @BeforeEach
  void watch() throws IOException {
    file = Files.writeString(folder.resolve("settings"), "one");
    watched = new WatchedFile(file);
  }

  @Test
  void changeIsToldOnceAndOnlyWhenItHasSettled() throws IOException {
    assertThat(watched.changed()).isFalse();
    Files.writeString(file, "two");
    assertThat(watched.changed()).isFalse();
    Files.writeString(file, "two and more");
    assertThat(watched.changed()).isFalse();
    assertThat(watched.changed()).isTrue();
    assertThat(watched.changed()).isFalse();
  }

  /** A time alone is no change, and the same time and size are no proof that nothing changed. */
  @Test
  void contentCountsAndNotItsTime() throws IOException {
    FileTime time = Files.getLastModifiedTime(file);
    Files.setLastModifiedTime(file, FileTime.fromMillis(0));
    assertThat(watched.changed()).isFalse();
    assertThat(watched.changed()).isFalse();
    Files.writeString(file, "two");
    Files.setLastModifiedTime(file, time);
    assertThat(watched.changed()).isFalse();
    assertThat(watched.changed()).isTrue();
  }

  @Test
  void changeThatWasTakenBackIsNone() throws IOException {
    Files.writeString(file, "two");
    assertThat(watched.changed()).isFalse();
    Files.writeString(file, "one");
    assertThat(watched.changed()).isFalse();
    assertThat(watched.changed()).isFalse();
  }

  @Test
  void fileThatIsGoneIsAChangeToo() throws IOException {
    Files.delete(file);
    assertThat(watched.changed()).isFalse();
    assertThat(watched.changed()).isTrue();
    Files.writeString(file, "one");
    assertThat(watched.changed()).isFalse();
    assertThat(watched.changed()).isTrue();
  }
}
