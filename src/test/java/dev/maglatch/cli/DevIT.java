// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.testing.ChildProcess;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real {@code dev} in a process of its own, as a newcomer meets it. */
class DevIT {
  private static final String READY = "Stop it with Ctrl-C.";
  private static final Pattern CURL =
      Pattern.compile("curl -i (\\S+) -H \"Authorization: Bearer (mgp_[0-9a-f]{40})\"");

  @TempDir Path folder;

  private final HttpClient client = HttpClient.newHttpClient();

  @Test
  void firstMinuteAndTheSecondStart() throws Exception {
    String key;
    try (ChildProcess dev = dev()) {
      String banner = dev.awaitOutput(READY);
      Matcher curl = CURL.matcher(banner);
      assertThat(curl.find()).as(banner).isTrue();
      key = curl.group(2);
      assertThat(banner).contains("dev@example.com").contains("password  ").contains("/metrics");

      HttpResponse<String> answer = get(curl.group(1), key);
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      assertThat(answer.body())
          .contains("\"path\" : \"/hello\"")
          .contains("X-Maglatch-Key-Id")
          .doesNotContain(key);
      assertThat(get(curl.group(1), key.replace('0', '1').replace('a', 'b')).statusCode())
          .isEqualTo(401);
      Matcher docs = Pattern.compile("docs\\s+(http://\\S+)").matcher(banner);
      assertThat(docs.find()).as(banner).isTrue();
      assertThat(get(docs.group(1), key).statusCode()).isEqualTo(200);
      Matcher link = Pattern.compile("http://\\S+/dashboard/welcome\\?token=\\S+").matcher(banner);
      assertThat(link.find()).as(banner).isTrue();
      assertThat(get(link.group(), key).statusCode()).isEqualTo(200);
      assertThat(dev.stop()).isZero();
      assertThat(dev.output().replace(banner, "")).doesNotContain(key);
    }

    try (ChildProcess dev = dev()) {
      String banner = dev.awaitOutput(READY);
      assertThat(banner)
          .doesNotContain("password")
          .doesNotContain("shown this once")
          .doesNotContain("/dashboard/welcome")
          .contains("nothing new was made")
          .contains("\"action\":\"generate\"");
      assertThat(get(proxy(banner) + "hello", key).statusCode()).isEqualTo(200);
      assertThat(dev.stop()).isZero();
    }
  }

  @Test
  void killedProcessLosesNothingAndNobodyElseMayUseTheFolder() throws Exception {
    String key;
    try (ChildProcess dev = dev()) {
      Matcher curl = CURL.matcher(dev.awaitOutput(READY));
      assertThat(curl.find()).isTrue();
      key = curl.group(2);

      try (ChildProcess second = dev()) {
        assertThat(second.awaitExit()).isEqualTo(1);
        assertThat(second.errors())
            .contains("is in use by another Maglatch (process " + dev.pid() + ")")
            .doesNotContain("\tat ");
      }
      dev.kill();
    }
    try (ChildProcess dev = dev()) {
      assertThat(get(proxy(dev.awaitOutput(READY)) + "hello", key).statusCode()).isEqualTo(200);
      assertThat(dev.stop()).isZero();
    }
  }

  private ChildProcess dev() throws Exception {
    return ChildProcess.start(
        Main.class,
        List.of("dev"),
        Map.of(
            "MAGLATCH_HTTP_PORT", "0",
            "MAGLATCH_OPS_PORT", "0",
            "MAGLATCH_DATA_DIR", folder.toString()));
  }

  private HttpResponse<String> get(String url, String key) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url)).header("Authorization", "Bearer " + key).build();
    return client.send(request, BodyHandlers.ofString());
  }

  private static String proxy(String banner) {
    Matcher url = Pattern.compile("proxy\\s+(http://\\S+)").matcher(banner);
    assertThat(url.find()).isTrue();
    return url.group(1);
  }
}
