// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.config;

import io.netty.util.Version;
import io.vertx.core.transport.Transport;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How the event loops talk to the kernel. */
public enum SocketTransport {
  /** The JDK's selector: everywhere. */
  NIO(null),
  EPOLL("netty-transport-native-epoll"),
  IO_URING("netty-transport-native-io_uring");

  private static final String CLASSES = "netty-common";

  private final @Nullable String library;

  SocketTransport(@Nullable String library) {
    this.library = library;
  }

  /** Returns what Vert.x calls it; only without an {@link #obstacle}. */
  public Transport transport() {
    return switch (this) {
      case NIO -> Transport.NIO;
      case EPOLL -> Transport.EPOLL;
      case IO_URING -> Transport.IO_URING;
    };
  }

  /** Returns what keeps it from being used in this process, or null. */
  @Nullable String obstacle() {
    if (library == null) {
      return null;
    }
    String mismatch = mismatch(library, Version.identify());
    if (mismatch != null) {
      return mismatch;
    }
    Transport chosen = transport();
    if (chosen == null || !chosen.available()) {
      return "the kernel refuses: " + (chosen == null ? "" : chosen.unavailabilityCause());
    }
    return null;
  }

  /**
   * Returns how {@code library} differs from Netty's classes, or null. A library of another version
   * loads without a word and costs several times the processor time.
   */
  static @Nullable String mismatch(String library, Map<String, Version> present) {
    Version classes = present.get(CLASSES);
    Version found = present.get(library);
    if (found == null) {
      return library + " is not on the class path";
    }
    String wanted = classes == null ? "?" : classes.artifactVersion();
    return found.artifactVersion().equals(wanted)
        ? null
        : library + " is " + found.artifactVersion() + ", Netty's classes are " + wanted;
  }
}
