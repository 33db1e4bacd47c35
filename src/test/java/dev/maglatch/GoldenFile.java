// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One request and its answer as text: request line, headers, an empty line and the body; then a
 * line with the status, headers in alphabetical order, an empty line and the body, JSON laid out.
 *
 * <p>In the request a name in double braces stands for a value of {@link GoldenWorld}. In the
 * answer it stands for the same value, and a name in angle brackets for any value of that form.
 *
 * @param answer empty if it has not been recorded
 */
record GoldenFile(Path path, String request, String answer) {
  private static final Pattern ANSWER = Pattern.compile("^HTTP/1\\.1 (\\d{3})$", Pattern.MULTILINE);
  static final Pattern NAME = Pattern.compile("\\{\\{([^}]+)}}");

  static GoldenFile read(Path path) {
    try {
      String text = Files.readString(path);
      Matcher answer = ANSWER.matcher(text);
      int end = answer.find() ? answer.start() : text.length();
      return new GoldenFile(path, text.substring(0, end).strip(), text.substring(end).strip());
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  void write(String newAnswer) {
    try {
      Files.writeString(path, request + "\n\n" + newAnswer + "\n");
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Returns the status in the name of the file: {@code get-api-keys-200.http}. */
  int status() {
    Matcher status = Pattern.compile("-(\\d{3})(-[a-z-]+)?\\.http$").matcher(path.toString());
    if (!status.find()) {
      throw new AssertionError("no status in the name of " + path);
    }
    return Integer.parseInt(status.group(1));
  }

  /** Returns the name of the folder. */
  String dialect() {
    return path.getName(path.getNameCount() - 2).toString();
  }

  /** Returns the bytes of the request, with the length of the body unless it is told. */
  String message(GoldenWorld world) {
    Matcher names = NAME.matcher(request);
    String filled = names.replaceAll(name -> Matcher.quoteReplacement(world.value(name.group(1))));
    int end = filled.indexOf("\n\n");
    String head = end < 0 ? filled : filled.substring(0, end);
    String body = end < 0 ? "" : filled.substring(end + 2);
    StringBuilder message = new StringBuilder(head.replace("\n", "\r\n")).append("\r\n");
    for (String header : List.of("Host: localhost", "X-Request-Id: golden", "Connection: close")) {
      message.append(header).append("\r\n");
    }
    if (!body.isEmpty() && !head.contains("Content-Length")) {
      message.append("Content-Length: ").append(body.getBytes(UTF_8).length).append("\r\n");
    }
    return message.append("\r\n").append(body).toString();
  }
}
