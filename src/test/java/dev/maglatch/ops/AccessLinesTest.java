// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.ops;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.maglatch.proxy.AccessLog.Entry;
import dev.maglatch.proxy.Decision;
import dev.maglatch.proxy.Ending;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class AccessLinesTest {
  private static final String TOKEN = "mgp_5e37cd3eed6f2070651f70b4fe83884c6db9e39b";

  @Test
  void everyRequestLeavesOneLineWithoutAnyToken() {
    List<String> lines = written(entry("/orders"), entry("/" + TOKEN + "/x\u0007y"));

    assertThat(lines).hasSize(2);
    assertThat(lines.get(0))
        .contains("path=\"/orders\"", "status=\"200\"", "decision=\"allowed\"", "client=\"::1\"");
    assertThat(lines.get(1)).contains("path=\"/mgp_5e37.../x?y\"").doesNotContain(TOKEN);
  }

  @Test
  void whatWaitsIsWrittenOnClose() {
    Entry[] many = new Entry[1_000];
    java.util.Arrays.fill(many, entry("/"));

    assertThat(written(many)).hasSize(1_000);
  }

  private static List<String> written(Entry... entries) {
    LoggerContext context = new LoggerContext();
    Logger logger = context.getLogger("access");
    logger.setLevel(Level.INFO);
    ListAppender<ILoggingEvent> list = new ListAppender<>();
    list.start();
    logger.addAppender(list);
    try (AccessLines lines = new AccessLines(logger)) {
      for (Entry entry : entries) {
        lines.ended(entry);
      }
    }
    return list.list.stream()
        .map(
            event ->
                event.getKeyValuePairs().stream()
                    .map(Object::toString)
                    .collect(Collectors.joining(" ")))
        .toList();
  }

  private static Entry entry(String path) {
    return new Entry(
        0,
        "GET",
        path,
        200,
        0,
        5,
        1_000,
        "id",
        null,
        Decision.ALLOWED,
        Ending.RELAYED,
        "default",
        "::1");
  }
}
