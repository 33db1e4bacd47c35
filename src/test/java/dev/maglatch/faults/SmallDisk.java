// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.faults;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A small file system in memory, which a test may fill up. Linux, as root. */
final class SmallDisk implements AutoCloseable {
  private static final long COMMAND_SECONDS = 30;

  private final Path folder;
  private final Path filler;

  private SmallDisk(Path folder) {
    this.folder = folder;
    this.filler = folder.resolve("filler");
  }

  /** Mounts one at an empty folder; the test is skipped where that may not be done. */
  static SmallDisk mount(Path folder, int megabytes) throws InterruptedException {
    String size = "size=" + megabytes + "m,mode=0755";
    assumeTrue(
        run("mount", "-t", "tmpfs", "-o", size, "maglatch-test", folder.toString()),
        "needs the right to mount a file system");
    return new SmallDisk(folder);
  }

  Path folder() {
    return folder;
  }

  /** Leaves no byte to anybody. */
  void fill() throws IOException {
    for (int block : new int[] {1 << 20, 1 << 12}) {
      fill(new byte[block]);
    }
  }

  void makeRoom() throws IOException {
    Files.delete(filler);
  }

  @Override
  public void close() {
    try {
      if (!run("umount", folder.toString())) {
        run("umount", "--lazy", folder.toString()); // something still has a file open there
      }
    } catch (InterruptedException stopped) {
      throw new IllegalStateException(stopped);
    }
  }

  private void fill(byte[] block) throws IOException {
    try (OutputStream out =
        Files.newOutputStream(
            filler,
            java.nio.file.StandardOpenOption.CREATE,
            java.nio.file.StandardOpenOption.APPEND)) {
      while (true) {
        out.write(block);
      }
    } catch (IOException full) {
      if (Files.getFileStore(folder).getUsableSpace() >= block.length) {
        throw full;
      }
    }
  }

  private static boolean run(String... command) throws InterruptedException {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor(COMMAND_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException absent) {
      return false;
    }
  }
}
