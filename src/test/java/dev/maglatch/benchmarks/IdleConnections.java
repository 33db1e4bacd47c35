// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.benchmarks;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * Opens connections, sends one request on each, says how many are open, and keeps them until it is
 * killed. Arguments: host, port, token, number of connections.
 */
public final class IdleConnections {
  private IdleConnections() {}

  /** Entry point; see above. */
  public static void main(String[] arguments) throws Exception {
    InetSocketAddress gateway = new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1]));
    byte[] request =
        ("GET /a HTTP/1.1\r\nHost: load\r\nAuthorization: Bearer " + arguments[2] + "\r\n\r\n")
            .getBytes(US_ASCII);
    List<SocketChannel> open = new ArrayList<>();
    for (int i = Integer.parseInt(arguments[3]); i > 0; i--) {
      open.add(answered(gateway, request));
    }
    System.out.println(open.size() + " connections open");
    Thread.currentThread().join();
  }

  /** Returns a connection whose answer has arrived; all of it comes in one packet or two. */
  private static SocketChannel answered(InetSocketAddress gateway, byte[] request)
      throws IOException {
    SocketChannel channel = SocketChannel.open(gateway);
    channel.write(ByteBuffer.wrap(request));
    ByteBuffer answer = ByteBuffer.allocate(4_096);
    if (channel.read(answer) < 0) {
      throw new IOException("closed instead of answered");
    }
    if (!new String(answer.array(), 0, answer.position(), US_ASCII).startsWith("HTTP/1.1 200")) {
      throw new IOException(new String(answer.array(), 0, answer.position(), US_ASCII));
    }
    return channel;
  }
}
