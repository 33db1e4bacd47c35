// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.maglatch.HttpExchange.Answer;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Reads HTTP/1.1 messages out of all that one side of a connection sent. */
final class HttpBytes {
  private final byte[] bytes;
  private int at;

  HttpBytes(byte[] bytes) {
    this.bytes = bytes;
  }

  /** The first line and the headers of a message. */
  record Head(String line, Map<String, List<String>> headers) {}

  /** Pairs what was sent with what was answered, up to the first of either that is no HTTP. */
  static List<HttpExchange> exchanges(byte[] sent, byte[] answered) {
    HttpBytes requests = new HttpBytes(sent);
    HttpBytes answers = new HttpBytes(answered);
    List<HttpExchange> all = new ArrayList<>();
    for (Head head = requests.head(); head != null; head = requests.head()) {
      String[] words = head.line.split(" ", -1);
      if (words.length != 3) {
        break;
      }
      String body = requests.body(head, false);
      Answer answer = answers.answer(words[0]);
      all.add(new HttpExchange(words[0], words[1], head.headers, body, answer));
      if (answer == null || answer.status() == 101 || body == null) {
        break;
      }
    }
    return all;
  }

  /** Returns the next final answer, or null if it is not wholly there. */
  private @Nullable Answer answer(String method) {
    Head head = head();
    while (head != null && head.line.matches("HTTP/1.[01] 1\\d\\d .*") && status(head) != 101) {
      head = head();
    }
    if (head == null || !head.line.matches("HTTP/1\\.[01] \\d{3}.*")) {
      return null;
    }
    int status = status(head);
    boolean bare = method.equals("HEAD") || status == 204 || status == 304 || status == 101;
    String body = bare ? "" : body(head, true);
    return body == null ? null : new Answer(status, head.headers, body);
  }

  private static int status(Head head) {
    return Integer.parseInt(head.line.substring(9, 12));
  }

  /** Returns the next head, or null if there is no whole one. */
  @Nullable Head head() {
    String text = new String(bytes, at, bytes.length - at, ISO_8859_1);
    int end = text.indexOf("\r\n\r\n");
    if (end < 0) {
      return null;
    }
    at += end + 4;
    String[] lines = text.substring(0, end).split("\r\n", -1);
    Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    for (String line : Arrays.asList(lines).subList(1, lines.length)) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        headers
            .computeIfAbsent(line.substring(0, colon), name -> new ArrayList<>())
            .add(line.substring(colon + 1).strip());
      }
    }
    return new Head(lines[0], headers);
  }

  /** Returns the body that belongs to {@code head}, or null if it is not wholly there. */
  @Nullable String body(Head head, boolean untilEnd) {
    List<String> length = head.headers.get("Content-Length");
    if (head.headers.containsKey("Transfer-Encoding")) {
      return chunks();
    }
    if (length == null && !untilEnd) {
      return "";
    }
    long count =
        length == null || !length.get(0).matches("\\d{1,9}")
            ? bytes.length - at
            : Long.parseLong(length.get(0));
    return count > bytes.length - at ? null : text((int) count);
  }

  private @Nullable String chunks() {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      String rest = new String(bytes, at, Math.min(40, bytes.length - at), ISO_8859_1);
      int end = rest.indexOf("\r\n");
      if (end < 0 || !rest.substring(0, end).matches("[0-9A-Fa-f]{1,7}(;.*)?")) {
        return null;
      }
      int size = Integer.parseInt(rest.substring(0, end).split(";", 2)[0], 16);
      at += end + 2;
      if (size + 2 > bytes.length - at) {
        return null;
      }
      body.write(bytes, at, size);
      at += size + 2;
      if (size == 0) {
        return body.toString(UTF_8);
      }
    }
  }

  private String text(int count) {
    String text = new String(bytes, at, count, UTF_8);
    at += count;
    return text;
  }
}
