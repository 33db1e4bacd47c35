// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.ops;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import ch.qos.logback.core.read.ListAppender;
import dev.maglatch.config.GatewayConfig;
import dev.maglatch.config.Mode;
import dev.maglatch.secret.Secret;
import dev.maglatch.settings.Settings;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What a line of the log holds, and what it never holds. */
class LogFormatTest {
  private static final String MASTER = "bWFnbGF0Y2gtdGVzdC1tYWdsYXRjaC10ZXN0LW1hZ2xhdGNoLXRlc3Q=";
  private static final Pattern NAMED = Pattern.compile("(?m)^\\| (`\\w+`(?:, `\\w+`)*) \\|");

  @Test
  void jsonHasTheMembersThatAreDocumentedAndNoOther() throws IOException {
    JsonObject line = json("started", "port", 8080, new IllegalStateException("why"));
    String page = Files.readString(Path.of("src/docs/operating.md"));
    String table = page.substring(page.indexOf("## Logs"));
    Set<String> documented = new TreeSet<>();
    NAMED
        .matcher(table)
        .results()
        .forEach(row -> documented.addAll(Set.of(row.group(1).replace("`", "").split(", ", -1))));

    assertThat(new TreeSet<>(line.fieldNames())).isEqualTo(documented);
    assertThat(line.getString("formattedMessage")).isEqualTo("started");
    assertThat(line.getJsonArray("kvpList").encode()).contains("\"port\"");
  }

  @Test
  void secretIsRedactedByItsTypeWhereverItIsLogged() {
    Secret secret = new Secret("mgp_5e37cd3eed6f2070651f70b4fe83884c6db9e39b");

    JsonObject line =
        json("got " + secret, "token", secret, new IllegalStateException("" + secret));

    assertThat(line.encode()).contains("Secret(****)").doesNotContain(secret.reveal());
  }

  /** Whoever logs all settings logs no secret. */
  @Test
  void settingsPrintNoneOfTheirSecrets() {
    Map<String, String> environment =
        Map.of(
            "MAGLATCH_DATABASE_URL", "postgresql://app:first-secret@db:5432/maglatch",
            "MAGLATCH_DATABASE_MIGRATION_URL", "postgresql://owner:second-secret@db:5432/maglatch",
            "MAGLATCH_SECRETS_MASTER", MASTER,
            "MAGLATCH_EVENTS_TOKEN", "third-secret-that-upstreams-publish-with",
            "MAGLATCH_PROXY_UPSTREAM", "http://127.0.0.1:9");
    Settings settings = Settings.load(null, environment, Map.of());
    GatewayConfig config = GatewayConfig.read(settings, Mode.SERVE);
    assertThat(settings.problems().isEmpty()).as(settings.problems().toString()).isTrue();

    JsonObject line = json("read", "settings", config, new IllegalStateException("" + config));

    assertThat(line.encode())
        .contains("maglatch")
        .doesNotContain("first-secret", "second-secret", "third-secret", MASTER);
  }

  private static JsonObject json(String message, String key, Object value, Exception failure) {
    LoggerContext context = new LoggerContext();
    context.setMDCAdapter(new LogbackMDCAdapter());
    Logger logger = context.getLogger("test");
    ListAppender<ILoggingEvent> list = new ListAppender<>();
    list.start();
    logger.addAppender(list);
    logger.atInfo().addKeyValue(key, value).setCause(failure).log(message);
    return new JsonObject(new String(LogFormat.encoder(context).encode(list.list.get(0)), UTF_8));
  }
}
