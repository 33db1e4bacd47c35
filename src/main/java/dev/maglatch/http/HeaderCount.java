// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.http;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import io.vertx.core.MultiMap;
import java.util.Iterator;
import java.util.Map;

/** Counts header lines without making the lists that {@link MultiMap#getAll} makes. */
final class HeaderCount {
  private HeaderCount() {}

  /** Whether at most one line is named {@code name}. */
  static boolean single(MultiMap headers, CharSequence name) {
    if (!(headers instanceof HttpHeaders http1)) {
      return headers.getAll(name).size() <= 1;
    }
    int lines = 0;
    Iterator<Map.Entry<CharSequence, CharSequence>> each = http1.iteratorCharSequence();
    while (each.hasNext()) {
      CharSequence next = each.next().getKey();
      if (next.length() == name.length()
          && AsciiString.contentEqualsIgnoreCase(name, next)
          && ++lines > 1) {
        return false;
      }
    }
    return true;
  }
}
