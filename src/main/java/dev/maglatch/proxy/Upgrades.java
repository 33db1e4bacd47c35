// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import io.netty.util.AsciiString;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;

/** The one protocol change that the gateway lets pass: to WebSocket. */
final class Upgrades {
  private static final CharSequence WEBSOCKET = HttpHeaders.createOptimized("websocket");
  private static final CharSequence UPGRADE = HttpHeaders.createOptimized("upgrade");

  private Upgrades() {}

  /** Whether {@code request} asks for WebSocket. Other wishes are ignored, as a server may. */
  static boolean wanted(HttpServerRequest request) {
    String protocol = request.getHeader(HttpHeaders.UPGRADE);
    return protocol != null
        && AsciiString.contentEqualsIgnoreCase(protocol, WEBSOCKET)
        && request.method().equals(HttpMethod.GET)
        && request.version() == HttpVersion.HTTP_1_1
        && connectionSaysSo(request.headers());
  }

  private static boolean connectionSaysSo(MultiMap headers) {
    for (String line : headers.getAll(HttpHeaders.CONNECTION)) {
      for (String option : line.split(",", -1)) {
        if (AsciiString.contentEqualsIgnoreCase(option.strip(), UPGRADE)) {
          return true;
        }
      }
    }
    return false;
  }

  /** Asks for it, or agrees, in the name of the gateway's own connection. */
  static void write(MultiMap headers) {
    headers.set(HttpHeaders.CONNECTION, UPGRADE);
    headers.set(HttpHeaders.UPGRADE, WEBSOCKET);
  }
}
