// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** An upstream over plain sockets that does what a test tells it to, good or bad. */
final class UpstreamServer implements AutoCloseable {
  /** What is done with one request. Return to be asked for the next on the same connection. */
  @FunctionalInterface
  interface Script {
    void answer(Wire wire, Message request) throws IOException;
  }

  private final AcceptedSockets sockets;
  private final List<Message> received = new CopyOnWriteArrayList<>();
  private volatile Script script;

  UpstreamServer() {
    this(UpstreamServer::ok);
  }

  UpstreamServer(Script script) {
    this.script = script;
    sockets = new AcceptedSockets((socket, number) -> serve(socket));
  }

  /** Reads the body, if any, and answers 200 with its length. */
  static void ok(Wire wire, Message request) throws IOException {
    byte[] body = wire.readBody(request);
    String text = "read " + body.length;
    wire.write("HTTP/1.1 200 OK\r\nContent-Length: " + text.length() + "\r\n\r\n" + text);
  }

  void does(Script next) {
    script = next;
  }

  int port() {
    return sockets.port();
  }

  Upstream address() {
    return new Upstream(false, "127.0.0.1", port(), "");
  }

  /** Heads of all requests so far, in order of arrival. */
  List<Message> received() {
    return received;
  }

  Message onlyRequest() {
    if (received.size() != 1) {
      throw new AssertionError("requests: " + received);
    }
    return received.get(0);
  }

  int accepted() {
    return sockets.accepted();
  }

  int open() {
    return sockets.open();
  }

  private void serve(Socket socket) throws IOException {
    Wire wire = new Wire(socket);
    Message request = wire.readHead();
    while (request != null) {
      received.add(request);
      script.answer(wire, request);
      request = wire.readHead();
    }
  }

  @Override
  public void close() {
    sockets.close();
  }

  static byte[] bytes(String text) {
    return text.getBytes(ISO_8859_1);
  }
}
