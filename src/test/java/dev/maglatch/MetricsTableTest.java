// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.postgres.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The metrics table of the README and a scrape of a whole gateway name the same, with labels. */
class MetricsTableTest {
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `(maglatch_[a-z_]+(\\{[a-z,]+})?)`");
  private static final Pattern FAMILY = Pattern.compile("(?m)^# TYPE (\\w+) \\w+$");
  private static final Pattern SAMPLE = Pattern.compile("(?m)^(\\w+)\\{([^}]*)} ");
  private static final Pattern LABEL = Pattern.compile("(\\w+)=\"");
  private static final String SIGN_IN =
      "{\"email\":\"metrics@example.com\",\"password\":\"correct horse battery\"}";

  @Test
  void readmeNamesEveryMetricAndNoOther() throws IOException {
    assertThat(documented()).isEqualTo(scraped(scrape(gateway -> {})));
  }

  @Test
  void signInsAndRefreshesAreCounted() {
    String scrape =
        scrape(
            gateway -> {
              gateway.post("/auth/v1/signup", SIGN_IN);
              gateway.post("/auth/v1/token?grant_type=password", SIGN_IN);
              gateway.post(
                  "/auth/v1/token?grant_type=password", SIGN_IN.replace("correct", "wrong"));
              gateway.post(
                  "/auth/v1/token?grant_type=refresh_token", "{\"refresh_token\":\"unknown\"}");
            });

    assertThat(scrape)
        .contains("maglatch_sign_ins_total{outcome=\"granted\"} 1.0")
        .contains("maglatch_sign_ins_total{outcome=\"refused\"} 1.0")
        .contains("maglatch_sign_ins_total{outcome=\"limited\"} 0.0")
        .contains("maglatch_session_refreshes_total{outcome=\"unknown\"} 1.0")
        .contains("maglatch_password_hash_seconds_count 3")
        .contains("maglatch_password_wait_seconds_count 3")
        .contains("maglatch_passwords_waiting 0.0");
  }

  private interface Traffic {
    void pass(TestGateway gateway);
  }

  private static String scrape(Traffic traffic) {
    try (TestDatabase database = TestDatabase.create();
        EchoUpstream upstream = new EchoUpstream();
        TestGateway gateway =
            TestGateway.begin(
                    database.address(), upstream.url(), Map.of("MAGLATCH_SESSIONS_SIGNUP", "true"))
                .awaitReady()) {
      traffic.pass(gateway);
      return gateway.ops("/metrics").body();
    }
  }

  private static Set<String> documented() throws IOException {
    String readme = Files.readString(Path.of("README.md"));
    Set<String> names = new TreeSet<>();
    Matcher rows = ROW.matcher(readme);
    while (rows.find()) {
      assertThat(names.add(rows.group(1))).as(rows.group(1)).isTrue();
    }
    return names;
  }

  private static Set<String> scraped(String scrape) {
    Map<String, String> labels = new TreeMap<>();
    Matcher samples = SAMPLE.matcher(scrape);
    while (samples.find()) {
      labels.put(samples.group(1), names(samples.group(2)));
    }
    Set<String> names = new TreeSet<>();
    Matcher families = FAMILY.matcher(scrape);
    while (families.find()) {
      String name = families.group(1);
      String own = labels.getOrDefault(name, labels.getOrDefault(name + "_count", ""));
      names.add(own.isEmpty() ? name : name + "{" + own + "}");
    }
    Set<String> histograms = Set.copyOf(names);
    names.removeIf(
        name -> isMax(name) && histograms.contains(name.replace("_seconds_max", "_seconds")));
    return names;
  }

  /** Whether it is the series that every histogram brings along for its highest value of late. */
  private static boolean isMax(String name) {
    return name.contains("_seconds_max");
  }

  private static String names(String text) {
    Set<String> names = new TreeSet<>();
    Matcher label = LABEL.matcher(text);
    while (label.find()) {
      names.add(label.group(1));
    }
    return String.join(",", names);
  }
}
