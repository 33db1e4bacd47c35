// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.settings.Settings;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class UsageConfigTest {
  @Test
  void defaultsStandWhenNothingIsSet() {
    assertThat(UsageConfig.read(Settings.empty().root().section("usage")))
        .isEqualTo(UsageConfig.DEFAULT);
  }

  @Test
  void everyKeyIsRead() {
    Settings settings =
        Settings.load(
            null,
            Map.of(
                "MAGLATCH_USAGE_FLUSH_INTERVAL", "250ms",
                "MAGLATCH_USAGE_FLUSH_TIMEOUT", "3s",
                "MAGLATCH_USAGE_MAX_PENDING_KEYS", "7"),
            Map.of());

    assertThat(UsageConfig.read(settings.root().section("usage")))
        .isEqualTo(new UsageConfig(Duration.ofMillis(250), Duration.ofSeconds(3), 7));
    assertThat(settings.problems().isEmpty()).isTrue();
  }

  @Test
  void badValuesAreReportedByName() {
    Settings settings =
        Settings.load(
            null,
            Map.of(
                "MAGLATCH_USAGE_FLUSH_INTERVAL", "0s",
                "MAGLATCH_USAGE_MAX_PENDING_KEYS", "none"),
            Map.of());

    UsageConfig.read(settings.root().section("usage"));

    assertThat(settings.problems().toString())
        .contains("usage.flush-interval: 0s")
        .contains("usage.max-pending-keys: none");
  }
}
