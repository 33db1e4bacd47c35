// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The head of an HTTP/1 message as it was on the wire. */
record Message(String startLine, List<String> fields) {
  static Message parse(String head) {
    List<String> lines = new ArrayList<>(List.of(head.split("\r\n", -1)));
    String start = lines.remove(0);
    lines.removeIf(String::isEmpty);
    return new Message(start, List.copyOf(lines));
  }

  int status() {
    return Integer.parseInt(startLine.split(" ", -1)[1]);
  }

  String target() {
    return startLine.split(" ", -1)[1];
  }

  String method() {
    return startLine.split(" ", -1)[0];
  }

  /** The value of the only field of that name; null if there is none. */
  @Nullable String field(String name) {
    List<String> all = all(name);
    if (all.size() > 1) {
      throw new AssertionError(name + " more than once: " + all);
    }
    return all.isEmpty() ? null : all.get(0);
  }

  List<String> all(String name) {
    String prefix = name.toLowerCase(Locale.ROOT) + ":";
    List<String> values = new ArrayList<>();
    for (String line : fields) {
      if (line.toLowerCase(Locale.ROOT).startsWith(prefix)) {
        values.add(line.substring(prefix.length()).strip());
      }
    }
    return values;
  }

  boolean has(String name) {
    return !all(name).isEmpty();
  }

  boolean chunked() {
    return all("transfer-encoding").contains("chunked");
  }

  long length() {
    String length = field("content-length");
    return length == null ? -1 : Long.parseLong(length);
  }
}
