// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/** A DNS server on the loopback interface that knows one address for every name. */
public final class NameServer implements AutoCloseable {
  private static final int HEADER_BYTES = 12;
  private static final int MAX_BYTES = 512;
  private static final short ANSWER = (short) 0x8580; // authoritative, recursion both ways
  private static final short FAILED = (short) 0x8582;
  private static final short NAME_OF_THE_QUESTION = (short) 0xC00C;
  private static final short A = 1;
  private static final short INTERNET = 1;

  private final DatagramSocket socket;
  private final int ttlSeconds;
  private final AtomicInteger asked = new AtomicInteger();
  private volatile InetAddress address;
  private volatile boolean broken;

  /** Answers with {@code address}, which counts for so long. */
  public NameServer(InetAddress address, int ttlSeconds) {
    this.address = address;
    this.ttlSeconds = ttlSeconds;
    try {
      socket = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
    Thread thread = new Thread(this::serve, "name server");
    thread.setDaemon(true);
    thread.start();
  }

  /** Answers with another address from now on. */
  public void moveTo(InetAddress other) {
    address = other;
  }

  /** Says from now on that it cannot tell. */
  public void fail() {
    broken = true;
  }

  /** Returns how often an address was asked for. */
  public int asked() {
    return asked.get();
  }

  /** Returns where it listens, as {@code host:port}. */
  public String authority() {
    return "127.0.0.1:" + socket.getLocalPort();
  }

  private void serve() {
    byte[] bytes = new byte[MAX_BYTES];
    try {
      while (true) {
        DatagramPacket query = new DatagramPacket(bytes, bytes.length);
        socket.receive(query);
        byte[] answer = answer(Arrays.copyOf(bytes, query.getLength()));
        socket.send(new DatagramPacket(answer, answer.length, query.getSocketAddress()));
      }
    } catch (IOException closed) {
      // the end
    }
  }

  private byte[] answer(byte[] query) {
    int end = HEADER_BYTES;
    while (query[end] != 0) {
      end += query[end] + 1;
    }
    boolean wantsAddress = ByteBuffer.wrap(query).getShort(end + 1) == A;
    boolean found = wantsAddress && !broken;
    asked.addAndGet(wantsAddress ? 1 : 0);
    end += 5;
    ByteBuffer answer = ByteBuffer.allocate(MAX_BYTES);
    answer.put(query, 0, 2).putShort(broken ? FAILED : ANSWER);
    answer.putShort((short) 1).putShort((short) (found ? 1 : 0)).putInt(0);
    answer.put(query, HEADER_BYTES, end - HEADER_BYTES);
    if (found) {
      answer.putShort(NAME_OF_THE_QUESTION).putShort(A).putShort(INTERNET).putInt(ttlSeconds);
      answer.putShort((short) 4).put(address.getAddress());
    }
    return Arrays.copyOf(answer.array(), answer.position());
  }

  @Override
  public void close() {
    socket.close();
  }
}
