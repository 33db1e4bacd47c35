// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.faults;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** A library that gives a process it is preloaded into another wall clock. Linux, with cc. */
final class ShiftedClock {
  private static final String SOURCE = "/faults/clock.c";
  private static final long COMPILE_SECONDS = 60;

  private final Path library;

  private ShiftedClock(Path library) {
    this.library = library;
  }

  /** Compiles it in {@code folder}; the test is skipped where that cannot be done. */
  static ShiftedClock compile(Path folder) throws IOException, InterruptedException {
    assumeTrue(System.getProperty("os.name").equals("Linux"), "preloading is Linux's");
    Path source = folder.resolve("clock.c");
    Path library = folder.resolve("clock.so");
    try (InputStream text = ShiftedClock.class.getResourceAsStream(SOURCE)) {
      Files.copy(Objects.requireNonNull(text, SOURCE), source);
    }
    assumeTrue(compiles(source, library), "needs a C compiler called cc");
    return new ShiftedClock(library);
  }

  /** Returns the environment of a process whose wall clock is {@code ahead} of this machine's. */
  Map<String, String> ahead(Duration ahead) {
    return Map.of(
        "LD_PRELOAD", library.toString(), "CLOCK_SHIFT", String.valueOf(ahead.toSeconds()));
  }

  private static boolean compiles(Path source, Path library) throws InterruptedException {
    try {
      Process compiler =
          new ProcessBuilder("cc", "-shared", "-fPIC", "-o", library.toString(), source.toString())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return compiler.waitFor(COMPILE_SECONDS, TimeUnit.SECONDS) && compiler.exitValue() == 0;
    } catch (IOException absent) {
      return false;
    }
  }
}
