// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.settings.Section;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How the servers of an upstream are asked whether they are well, besides the requests they get.
 *
 * @param path asked for by GET, below the path of a server's URL
 * @param interval from the end of one probe to the next, a tenth more or less
 * @param timeout from the connection to the head of the answer
 * @param healthy good answers in a row that bring a server back
 * @param unhealthy probes in a row without a good answer that take it out
 * @param expected what a good answer is
 */
public record HealthCheck(
    String path,
    Duration interval,
    Duration timeout,
    int healthy,
    int unhealthy,
    Statuses expected) {
  private static final List<String> OTHERS =
      List.of("interval", "timeout", "healthy", "unhealthy", "status");
  private static final Duration INTERVAL = Duration.ofSeconds(10);
  private static final Duration TIMEOUT = Duration.ofSeconds(2);
  private static final int HEALTHY = 2;
  private static final int UNHEALTHY = 3;
  private static final int MOST = 100;

  /** Statuses between two, both included. */
  public record Statuses(int first, int last) {
    static final Statuses SUCCESS = new Statuses(200, 299);

    private static final Pattern TEXT = Pattern.compile("([1-5]\\d\\d)(?:-([1-5]\\d\\d))?");

    boolean include(int status) {
      return first <= status && status <= last;
    }

    /** Returns it as configurations have it. */
    @Override
    public String toString() {
      return first == last ? String.valueOf(first) : first + "-" + last;
    }

    static Statuses read(Section section) {
      String text = section.text("status");
      Matcher range = TEXT.matcher(text == null ? "" : text);
      if (range.matches()) {
        int first = Integer.parseInt(range.group(1));
        int last = range.group(2) == null ? first : Integer.parseInt(range.group(2));
        if (first <= last) {
          return new Statuses(first, last);
        }
      }
      if (text != null) {
        section.problem("status", "a status such as 200, or a range such as 200-299");
      }
      return SUCCESS;
    }
  }

  /** Says it in a line. */
  @Override
  public String toString() {
    return "GET %s is %s within %d ms, each %d ms, %d times out, %d times in"
        .formatted(path, expected, timeout.toMillis(), interval.toMillis(), unhealthy, healthy);
  }

  /** Reads {@code health-check} of an upstream; null if there is to be none. */
  static @Nullable HealthCheck read(Section section) {
    String path = section.text("path");
    boolean usable = path != null && path.startsWith("/") && Gate.isOriginForm(path);
    if (!usable && (path != null || OTHERS.stream().anyMatch(section::has))) {
      section.problem("path", "a path such as /health");
    }
    HealthCheck read =
        new HealthCheck(
            path == null ? "/" : path,
            section.duration("interval", INTERVAL, Duration.ofMillis(100), Duration.ofHours(1)),
            section.duration("timeout", TIMEOUT, Duration.ofMillis(10), Duration.ofMinutes(1)),
            section.integer("healthy", HEALTHY, 1, MOST),
            section.integer("unhealthy", UNHEALTHY, 1, MOST),
            Statuses.read(section));
    return usable ? read : null;
  }
}
