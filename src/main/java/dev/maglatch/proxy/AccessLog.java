// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Takes one entry for each request that ended. Called on event loops; must not block. */
public interface AccessLog {
  /** Keeps nothing, and costs nothing: no entry is made for it. */
  AccessLog NONE = entry -> {};

  void ended(Entry entry);

  /**
   * One request, without its query, its body and its credential.
   *
   * @param startedAtMillis wall clock
   * @param path raw, as sent
   * @param status 0 if no answer was begun
   * @param requestBytes of the body, as far as it was read
   * @param responseBytes of the body, as far as it was sent
   * @param keyId null for sessions and where none was checked
   * @param route null if none was chosen
   * @param clientAddress the right-most hop that is no trusted proxy
   */
  record Entry(
      long startedAtMillis,
      String method,
      String path,
      int status,
      long requestBytes,
      long responseBytes,
      long durationNanos,
      String requestId,
      @Nullable UUID keyId,
      Decision decision,
      Ending ending,
      @Nullable String route,
      String clientAddress) {}
}
