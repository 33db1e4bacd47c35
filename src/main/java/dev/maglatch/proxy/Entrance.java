// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** What the event loops of one listener share. Safe on any thread. */
public final class Entrance {
  private final @Nullable ServerCertificate certificate;
  private final IntConsumer listening;
  private final PeerCounts peers = new PeerCounts();

  /**
   * @param certificate what TLS shows; null if the listener speaks plain text
   * @param listening told the actual port once connections are accepted, by every event loop
   */
  public Entrance(@Nullable ServerCertificate certificate, IntConsumer listening) {
    this.certificate = certificate;
    this.listening = listening;
  }

  @Nullable ServerCertificate certificate() {
    return certificate;
  }

  void listens(int port) {
    listening.accept(port);
  }

  PeerCounts peers() {
    return peers;
  }
}
