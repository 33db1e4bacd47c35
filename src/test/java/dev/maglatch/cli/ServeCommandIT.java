// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.postgres.DatabaseAddress;
import dev.maglatch.postgres.TestDatabase;
import dev.maglatch.testing.ChildProcess;
import dev.maglatch.testing.Ports;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real {@code serve} in a process of its own. */
class ServeCommandIT {
  private static final TestDatabase DATABASE = TestDatabase.createEmpty();
  private static final Pattern READY = Pattern.compile("ready http=(\\d+) ops=(\\d+)");
  private static final int COLD_STARTS = 5;

  @TempDir Path folder;

  private final HttpClient client = HttpClient.newHttpClient();

  @AfterAll
  static void drop() {
    DATABASE.close();
  }

  @Test
  void servesOverAnEmptyDatabaseAndStopsInOrder() throws Exception {
    try (ChildProcess serve = serve(settings(1))) {
      Matcher ports = READY.matcher(serve.awaitErrors(" ops="));
      assertThat(ports.find()).isTrue();

      assertThat(status("http://127.0.0.1:" + ports.group(2) + "/readyz")).isEqualTo(200);
      assertThat(status("http://127.0.0.1:" + ports.group(1) + "/anything")).isEqualTo(401);
      assertThat(serve.stop()).isZero();
    }
  }

  /** With them every good key would be unknown. */
  @Test
  void refusesSecretsThatTheDatabaseWasNotMadeWith() throws Exception {
    try (ChildProcess serve = serve(settings(1))) {
      serve.awaitErrors(" ops=");
      DATABASE.execute(
          """
          WITH o AS (INSERT INTO organizations (name) VALUES ('o') RETURNING id)
          INSERT INTO accounts (email, user_record_id, organization_id)
          SELECT 'a@b.c', 'rec00000000000000', id FROM o
          """);
      assertThat(serve.stop()).isZero();
    }
    try (ChildProcess serve = serve(settings(2))) {
      assertThat(serve.awaitExit()).isEqualTo(1);
      assertThat(serve.errors())
          .hasLineCount(1)
          .startsWith("maglatch: this database was made with other secrets");
    }
  }

  @Test
  void canBeStoppedWhileItWaitsForItsDatabase() throws Exception {
    Map<String, String> settings = settings(1);
    try (ServerSocket silent = new ServerSocket(0)) {
      settings.put(
          "MAGLATCH_DATABASE_URL",
          "postgresql://127.0.0.1:" + silent.getLocalPort() + "/nothing-answers-here");
      settings.put("MAGLATCH_DATABASE_CONNECT_TIMEOUT", "200ms");
      try (ChildProcess serve = serve(settings)) {
        serve.awaitErrors("waiting for the database");
        assertThat(serve.stop()).isZero();
      }
    }
  }

  @Test
  void readsSecretsFromMountedFiles() throws Exception {
    Map<String, String> settings = settings(1);
    for (String name : List.of("MAGLATCH_SECRETS_MASTER", "MAGLATCH_DATABASE_PASSWORD")) {
      Path file = Files.writeString(folder.resolve(name), settings.remove(name) + "\n");
      settings.put(name + "_FILE", file.toString());
    }
    try (ChildProcess serve = serve(settings)) {
      serve.awaitErrors(" ops=");
      assertThat(serve.stop()).isZero();
    }
  }

  @Test
  void tryMakesAKeyThatIsLetInAndThenRefused() throws Exception {
    Map<String, String> settings = settings(1);
    try (ChildProcess serve = serve(settings)) {
      Matcher ports = READY.matcher(serve.awaitErrors(" ops="));
      assertThat(ports.find()).isTrue();
      List<String> good = List.of("try", "--url", "http://127.0.0.1:" + ports.group(1));
      List<String> wrong = List.of("try", "--url", "http://127.0.0.1:" + ports.group(2));
      try (ChildProcess first = ChildProcess.start(Main.class, good, settings)) {
        assertThat(first.awaitExit()).as(first.errors()).isZero();
        assertThat(first.output()).hasLineCount(2).endsWith("once it was revoked.\n");
      }
      try (ChildProcess lost = ChildProcess.start(Main.class, wrong, settings)) {
        assertThat(lost.awaitExit()).isEqualTo(1);
        assertThat(lost.errors()).contains("answered 404 to the new key (expected: 200)");
      }
      String left = "SELECT count(*) FROM api_keys WHERE revoked_at IS NULL";
      assertThat(DATABASE.count(left)).isZero();
    }
  }

  /**
   * A client that is refused goes elsewhere; one that is let in and then reset cannot know. Several
   * times, in processes that have run nothing yet: there it would take longest.
   */
  @Test
  void lookingForAFreePortLetsNobodyIn() throws Exception {
    int port = Ports.free();
    Map<String, String> settings = settings(1);
    settings.put("MAGLATCH_HTTP_HOST", "127.0.0.1");
    settings.put("MAGLATCH_HTTP_PORT", String.valueOf(port));
    int entered = 0;
    try (ServerSocket taken = new ServerSocket(0)) {
      settings.put("MAGLATCH_OPS_PORT", String.valueOf(taken.getLocalPort()));
      for (int i = 0; i < COLD_STARTS; i++) {
        try (ChildProcess serve = serve(settings)) {
          while (serve.isAlive()) {
            entered += enters(port) ? 1 : 0;
          }
          assertThat(serve.awaitExit()).isEqualTo(1);
          assertThat(serve.errors()).contains("set ops.port to another one");
        }
      }
    }
    assertThat(entered).isZero();
  }

  private static boolean enters(int port) {
    try (Socket open = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return open.isConnected();
    } catch (IOException refused) {
      return false;
    }
  }

  private static ChildProcess serve(Map<String, String> settings) throws IOException {
    return ChildProcess.start(Main.class, List.of("serve"), settings);
  }

  private static Map<String, String> settings(int master) {
    byte[] secret = new byte[32];
    Arrays.fill(secret, (byte) master);
    DatabaseAddress address = DATABASE.address();
    Map<String, String> settings = new HashMap<>();
    settings.put("MAGLATCH_HTTP_PORT", "0");
    settings.put("MAGLATCH_HTTP_DRAIN_DELAY", "0s");
    settings.put("MAGLATCH_WARM_UP", "0s");
    settings.put("MAGLATCH_OPS_PORT", "0");
    settings.put("MAGLATCH_PROXY_UPSTREAM", "http://127.0.0.1:9");
    settings.put("MAGLATCH_DATABASE_URL", address.url());
    settings.put("MAGLATCH_DATABASE_USER", Objects.requireNonNull(address.user()));
    settings.put("MAGLATCH_DATABASE_PASSWORD", Objects.requireNonNull(address.password()).reveal());
    settings.put("MAGLATCH_SECRETS_MASTER", Base64.getEncoder().encodeToString(secret));
    return settings;
  }

  private int status(String url) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create(url)).build();
    return client.send(request, BodyHandlers.discarding()).statusCode();
  }
}
