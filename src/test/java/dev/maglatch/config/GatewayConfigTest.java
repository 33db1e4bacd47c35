// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class GatewayConfigTest {
  private static final Path EXAMPLE = Path.of("conf/maglatch.yaml");
  private static final String MASTER = Base64.getEncoder().encodeToString(new byte[32]);

  @Test
  void exampleFileSetsNothingButDefaults() {
    Settings example = Settings.load(EXAMPLE, Map.of(), Map.of());

    GatewayConfig read = GatewayConfig.read(example, Mode.MAINTENANCE);

    assertThat(example.problems().lines())
        .containsExactly(
            "database.url: missing (expected: postgresql://user:password@host:5432/name, or"
                + " database.embedded: true)  [conf/maglatch.yaml:%d]".formatted(lineOf("  url:")));
    assertThat(read).isEqualTo(GatewayConfig.read(Settings.empty(), Mode.MAINTENANCE));
  }

  @Test
  void exampleFileNamesEverySetting() throws IOException {
    Settings settings = Settings.empty();
    GatewayConfig.read(settings, Mode.SERVE);
    Settings example = Settings.load(EXAMPLE, Map.of(), Map.of());
    String text = Files.readString(EXAMPLE);

    assertThat(settings.knownKeys())
        .allSatisfy(
            key -> {
              String name = key.substring(key.lastIndexOf('.') + 1);
              assertThat(text)
                  .containsPattern("(?m)(^ *|\\(or |or )" + Pattern.quote(name) + "\\b");
            });
    assertThat(example.problems().lines()).isNotEmpty(); // nobody has read it yet
  }

  /** Two names for one variable would make one of them unreachable. */
  @Test
  void noTwoSettingsShareAVariable() {
    Settings settings = Settings.empty();
    GatewayConfig.read(settings, Mode.SERVE);

    assertThat(settings.knownKeys().stream().map(Settings::variable)).doesNotHaveDuplicates();
  }

  @Test
  void everyKeyIsReadFromText() {
    Map<String, String> values = new HashMap<>();
    values.put("MAGLATCH_HTTP_PORT", "1");
    values.put("MAGLATCH_HTTP_PUBLIC_URL", "https://api.example.com/");
    values.put("MAGLATCH_HTTP_DOCS", "true");
    values.put("MAGLATCH_OPS_HOST", "127.0.0.1");
    values.put("MAGLATCH_OPS_PORT", "0");
    values.put("MAGLATCH_MANAGEMENT_PORT", "3");
    values.put("MAGLATCH_DATA_DIR", "/data");
    values.put("MAGLATCH_DATABASE_URL", "postgresql://me:hush@db:5433/gate");
    values.put("MAGLATCH_SECRETS_MASTER", MASTER);
    values.put("MAGLATCH_TOKENS_ACCEPT_UNCHECKED", "true");
    values.put("MAGLATCH_CORS_ALLOWED_ORIGINS", "https://a.example, https://b.example");
    values.put("MAGLATCH_LIMITS_ORGANIZATION_KEYS", "5");
    values.put("MAGLATCH_WEBHOOKS_ALLOW_HTTP", "true");
    values.put("MAGLATCH_WEBHOOKS_ALLOWED_CIDRS", "10.0.0.0/8");
    values.put("MAGLATCH_EVENTS_TOKEN", "hush");
    values.put("MAGLATCH_DIALECTS_MAGPIPE_ENABLED", "false");
    values.put("MAGLATCH_DIALECTS_ORGANIZATION_BASE", "/org/v2");
    values.put("MAGLATCH_LOG_FORMAT", "json");
    values.put("MAGLATCH_LOG_ACCESS", "false");
    values.put("MAGLATCH_EVENT_LOOPS", "3");
    Settings settings = Settings.load(null, values, Map.of());

    GatewayConfig config = GatewayConfig.read(settings, Mode.SERVE);

    assertThat(settings.problems().lines()).isEmpty();
    assertThat(config.http().listener().port()).isEqualTo(1);
    assertThat(config.http().publicUrl()).isEqualTo("https://api.example.com");
    assertThat(config.http().docs()).isTrue();
    assertThat(config.http().allowedOrigins())
        .containsExactly("https://a.example", "https://b.example");
    assertThat(config.ops()).isEqualTo(new ListenAddress("127.0.0.1", 0));
    assertThat(config.management())
        .isEqualTo(new ManagementConfig(new ListenAddress("0.0.0.0", 3), null));
    assertThat(config.dataDir()).isEqualTo(Path.of("/data"));
    assertThat(config.database().requireAddress().url()).isEqualTo("postgresql://db:5433/gate");
    assertThat(config.database().requireAddress().user()).isEqualTo("me");
    assertThat(config.acceptUnchecked()).isTrue();
    assertThat(config.organizationKeys()).isEqualTo(5);
    assertThat(config.webhooks().allowHttp()).isTrue();
    assertThat(config.webhooks().allowedCidrs()).containsExactly("10.0.0.0/8");
    assertThat(config.eventsToken()).hasToString("Secret(****)");
    assertThat(config.magpipe().enabled()).isFalse();
    assertThat(config.organization().base()).isEqualTo("/org/v2");
    assertThat(config.log()).isEqualTo(new LogConfig(LogConfig.Format.JSON, false));
    assertThat(config.eventLoops().count()).isEqualTo(3);
  }

  @Test
  void eachBadValueHasItsText() {
    assertThat(problem("http.public-url", "https://api.example.com/path"))
        .contains("(expected: an origin such as https://api.example.com)");
    assertThat(problem("cors.allowed-origins", "example.com"))
        .contains("(expected: origins such as https://app.example.com, or *)");
    assertThat(problem("webhooks.allowed-cidrs", "10.0.0.0/99"))
        .contains("(expected: IP addresses or ranges such as 10.0.0.0/8)");
    assertThat(problem("dialects.magicpost.base", "api/../v1"))
        .contains("(expected: a path such as /api/v1)");
    for (String unsendable : List.of("hush hush", "hu\tsh", "h\u00fcsh", "hu=sh")) {
      assertThat(problem("events.token", unsendable))
          .contains("events.token: **** (expected: letters, digits")
          .doesNotContain(unsendable);
    }
    assertThat(problem("database.url", "mysql://me:hush@db/x"))
        .contains("database.url: **** (expected: postgresql://user:password@host:5432/name)")
        .doesNotContain("hush");
  }

  @Test
  void databaseAndSecretsMustBeNamedForServeAlone() {
    assertThat(problems(Mode.SERVE, Map.of()))
        .hasSize(2)
        .anySatisfy(line -> assertThat(line).startsWith("database.url: missing"))
        .anySatisfy(line -> assertThat(line).startsWith("secrets.master: missing"));
    assertThat(problems(Mode.DEV, Map.of())).isEmpty();
    assertThat(problems(Mode.MAINTENANCE, Map.of()))
        .singleElement()
        .asString()
        .startsWith("database.url: missing");
  }

  @Test
  void embeddedDatabaseAndUrlExcludeEachOther() {
    assertThat(
            problems(
                Mode.DEV, Map.of("database.url", "postgresql://db/x", "database.embedded", "true")))
        .singleElement()
        .asString()
        .contains("not set, since database.embedded is true");
  }

  private static String problem(String key, String value) {
    List<String> problems = problems(Mode.DEV, Map.of(key, value));
    assertThat(problems).hasSize(1);
    return problems.get(0);
  }

  private static List<String> problems(Mode mode, Map<String, String> values) {
    Settings settings = Settings.load(null, Map.of(), values);
    GatewayConfig.read(settings, mode);
    return settings.problems().lines();
  }

  private static int lineOf(String beginning) {
    try {
      List<String> lines = Files.readAllLines(EXAMPLE);
      for (int i = 0; i < lines.size(); i++) {
        if (lines.get(i).startsWith(beginning)) {
          return i + 1;
        }
      }
    } catch (IOException unreadable) {
      throw new AssertionError(unreadable);
    }
    throw new AssertionError(beginning);
  }
}
