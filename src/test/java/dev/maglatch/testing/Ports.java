// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.testing;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Scanner;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/** Ports for processes that must be told theirs, and keep it while they are down. */
public final class Ports {
  /*
   * Not of those that the kernel gives to connections and to listeners on port 0: while nobody
   * listens, one of them may take the port, and a client of it may even be connected with itself.
   */
  private static final Path KERNELS_OWN = Path.of("/proc/sys/net/ipv4/ip_local_port_range");
  private static final int USUAL_FIRST = 32_768;
  private static final int SPAN = 12_000;
  private static final int LOWEST = 2_000;
  private static final int TRIES = 1_000;
  private static final Set<Integer> GIVEN = ConcurrentHashMap.newKeySet();

  private Ports() {}

  /** Returns a port of the loopback address on which nobody listens; never the same twice. */
  public static int free() {
    int end = kernelsFirst();
    for (int i = 0; i < TRIES; i++) {
      int port = ThreadLocalRandom.current().nextInt(Math.max(LOWEST, end - SPAN), end);
      if (isFree(port) && GIVEN.add(port)) {
        return port;
      }
    }
    throw new IllegalStateException("no free port below " + end);
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return socket.isBound();
    } catch (IOException taken) {
      return false;
    }
  }

  private static int kernelsFirst() {
    if (!Files.exists(KERNELS_OWN)) {
      return USUAL_FIRST;
    }
    try (Scanner range = new Scanner(KERNELS_OWN, US_ASCII)) {
      int first = range.nextInt();
      return first > LOWEST ? first : USUAL_FIRST;
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
