// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.helm;

import static dev.maglatch.helm.Rendered.at;
import static dev.maglatch.helm.Rendered.list;
import static dev.maglatch.helm.Rendered.map;
import static dev.maglatch.helm.Rendered.text;
import static org.assertj.core.api.Assertions.assertThat;

import com.marcnuri.helm.LintResult;
import dev.maglatch.config.GatewayConfig;
import dev.maglatch.config.Mode;
import dev.maglatch.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the chart renders is what Kubernetes and the gateway expect, over a matrix of values. */
class ChartTest {
  private static final Path SNAPSHOT = Path.of("src/test/resources/helm/minimal.rendered");
  private static final String BASE64 = "bWFnbGF0Y2gtdGVzdC1tYWdsYXRjaC10ZXN0LW1hZ2xhdGNoLXRlc3Q=";

  @TempDir private static Path folder;
  private static Chart chart;

  @BeforeAll
  static void copy() {
    chart = new Chart(folder);
  }

  static List<Path> matrix() {
    return Chart.matrix();
  }

  @Test
  void lintFindsNothing() {
    LintResult result = Chart.lint();

    assertThat(result.getMessages()).isEmpty();
    assertThat(result.isFailed()).isFalse();
  }

  @ParameterizedTest
  @MethodSource("matrix")
  void everyObjectIsOfTheTypeItClaimsToBe(Path values) {
    KubernetesTypes types = new KubernetesTypes();

    for (Map<?, ?> object : chart.render(values).forCluster()) {
      assertThat(types.unknownFields(object)).as(KubernetesTypes.type(object)).isEmpty();
    }
  }

  @Test
  void matrixRendersEveryTypeThatIsKnown() {
    Set<String> rendered = new HashSet<>();
    for (Path values : Chart.matrix()) {
      chart.render(values).forCluster().forEach(one -> rendered.add(KubernetesTypes.type(one)));
    }

    assertThat(rendered).isEqualTo(KubernetesTypes.known());
  }

  /** The walk is no use if it cannot find anything. */
  @Test
  void misspelledFieldIsFoundAtAnyDepth() {
    String text = chart.text(Chart.values("minimal"));
    String wrong = text.replace("readOnlyRootFilesystem:", "readOnlyRootFileSystem:");
    assertThat(wrong).isNotEqualTo(text);
    Set<String> unknown = new HashSet<>();
    for (Object document : Chart.yaml().loadAllFromString(wrong)) {
      if (document instanceof Map<?, ?> object && !"Notes".equals(object.get("kind"))) {
        unknown.addAll(new KubernetesTypes().unknownFields(object));
      }
    }

    assertThat(unknown).anyMatch(path -> path.endsWith("SecurityContext.readOnlyRootFileSystem"));
  }

  @ParameterizedTest
  @MethodSource("matrix")
  void selectorsFindThePodsAndPortsTheyMean(Path values) {
    Rendered all = chart.render(values);
    Map<?, ?> deployment = all.one("Deployment");
    Map<?, ?> labels = map(deployment, "spec", "template", "metadata", "labels");
    Map<?, ?> container = container(deployment);
    List<String> ports = new ArrayList<>();
    list(container, "ports").forEach(port -> ports.add(text(port, "name")));

    assertThat(contains(labels, map(deployment, "spec", "selector", "matchLabels"))).isTrue();
    for (Map<?, ?> service : all.all("Service")) {
      assertThat(contains(labels, map(service, "spec", "selector"))).isTrue();
      assertThat(ports).contains(text(service, "spec", "ports", 0, "targetPort"));
    }
    for (Map<?, ?> budget : all.all("PodDisruptionBudget")) {
      assertThat(contains(labels, map(budget, "spec", "selector", "matchLabels"))).isTrue();
    }
    for (Map<?, ?> policy : all.all("NetworkPolicy")) {
      assertThat(contains(labels, map(policy, "spec", "podSelector", "matchLabels"))).isTrue();
      for (Map<?, ?> test : all.all("Pod")) {
        assertThat(admits(map(policy, "spec", "ingress", 0), test)).isTrue();
      }
    }
    for (Map<?, ?> monitor : all.all("ServiceMonitor")) {
      Map<?, ?> wanted = map(monitor, "spec", "selector", "matchLabels");
      List<Map<?, ?>> found =
          all.all("Service").stream()
              .filter(service -> contains(map(service, "metadata", "labels"), wanted))
              .toList();
      assertThat(found).hasSize(1);
      assertThat(text(found.get(0), "spec", "ports", 0, "name"))
          .isEqualTo(text(monitor, "spec", "endpoints", 0, "port"));
    }
  }

  @ParameterizedTest
  @MethodSource("matrix")
  void probesAskTheOperationsListener(Path values) {
    Map<?, ?> container = container(chart.render(values).one("Deployment"));

    for (String probe : List.of("startupProbe", "livenessProbe", "readinessProbe")) {
      assertThat(at(container, probe, "httpGet", "port")).isEqualTo("ops");
    }
    assertThat(at(container, "livenessProbe", "httpGet", "path")).isEqualTo("/livez");
    assertThat(at(container, "readinessProbe", "httpGet", "path")).isEqualTo("/readyz");
    assertThat(at(container, "ports", 0)).isEqualTo(Map.of("name", "http", "containerPort", 8080));
    assertThat(at(container, "ports", 1)).isEqualTo(Map.of("name", "ops", "containerPort", 9090));
  }

  @ParameterizedTest
  @MethodSource("matrix")
  void everyPodIsHardenedAndBounded(Path values) {
    for (Map<?, ?> pod : pods(chart.render(values))) {
      assertThat(pod.get("automountServiceAccountToken")).isEqualTo(false);
      assertThat(at(pod, "securityContext", "runAsNonRoot")).isEqualTo(true);
      assertThat((Integer) at(pod, "securityContext", "runAsUser")).isPositive();
      assertThat(at(pod, "securityContext", "seccompProfile", "type")).isEqualTo("RuntimeDefault");
      for (Object container : list(pod, "containers")) {
        assertThat(text(container, "image")).contains("maglatch").doesNotEndWith(":latest");
        assertThat(text(container, "image")).containsAnyOf(":1", "@sha256:");
        assertThat(at(container, "resources", "limits", "memory")).isNotNull();
        assertThat(at(container, "resources", "requests", "cpu")).isNotNull();
        assertThat(at(container, "securityContext", "readOnlyRootFilesystem")).isEqualTo(true);
        assertThat(at(container, "securityContext", "allowPrivilegeEscalation")).isEqualTo(false);
        assertThat(at(container, "securityContext", "capabilities", "drop"))
            .isEqualTo(List.of("ALL"));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("matrix")
  void everyVolumeSecretAndFileThatAPodNamesIsThere(Path values) {
    Rendered all = chart.render(values);
    for (Map<?, ?> pod : pods(all)) {
      Map<String, Object> volumes = new HashMap<>();
      list(pod, "volumes").forEach(volume -> volumes.put(text(volume, "name"), volume));
      Map<?, ?> container = (Map<?, ?>) list(pod, "containers").get(0);
      for (Object mount : list(container, "volumeMounts")) {
        assertThat(volumes).containsKey(text(mount, "name"));
      }
      Map<?, ?> config = map(volumes, "config", "configMap");
      all.one("ConfigMap", text(config, "name"));
      Set<String> files = new HashSet<>();
      for (Object source : list(volumes, "secrets", "projected", "sources")) {
        String key = text(source, "secret", "items", 0, "key");
        String name = text(source, "secret", "name");
        if (name.startsWith("edge-")) {
          assertThat(map(all.one("Secret", name), "data").get(key)).as(name).isNotNull();
        }
        files.add("/etc/maglatch/secrets/" + text(source, "secret", "items", 0, "path"));
      }
      assertThat(environment(container).entrySet())
          .filteredOn(entry -> entry.getKey().endsWith("_FILE"))
          .extracting(Map.Entry::getValue)
          .containsExactlyInAnyOrderElementsOf(files);
    }
  }

  /** The file and the variables of the pod are read as the gateway itself would read them. */
  @ParameterizedTest
  @MethodSource("matrix")
  void gatewayAcceptsTheSettingsThatItsPodGets(Path values) throws IOException {
    Rendered all = chart.render(values);
    Map<?, ?> deployment = all.one("Deployment");
    Map<String, String> environment = environment(container(deployment));
    environment.replaceAll((name, value) -> secretFile(name, value));
    String config = text(deployment, "spec", "template", "spec", "volumes", 0, "configMap", "name");
    Path file = folder.resolve("maglatch.yaml");
    Files.writeString(
        file, withCertificate(text(all.one("ConfigMap", config), "data", "maglatch.yaml")));

    Settings settings = Settings.load(file, environment, Map.of());
    GatewayConfig read = GatewayConfig.read(settings, Mode.SERVE);

    assertThat(settings.problems().isEmpty()).as(settings.problems().report()).isTrue();
    assertThat(read.http().listener().port()).isEqualTo(8080);
    assertThat(read.ops().port()).isEqualTo(9090);
    Duration drain =
        read.http().listener().drainDelay().plus(read.http().listener().drainTimeout());
    long grace =
        Long.parseLong(
            text(deployment, "spec", "template", "spec", "terminationGracePeriodSeconds"));
    Map<?, ?> container = container(deployment);
    int pause =
        container.containsKey("lifecycle")
            ? (Integer) at(container, "lifecycle", "preStop", "sleep", "seconds")
            : 0;
    Duration wanted =
        drain
            .plus(read.webhooks().timeout())
            .plus(read.usage().flushTimeout())
            .plusSeconds(pause + 10);
    assertThat(Duration.ofSeconds(grace)).isBetween(wanted, wanted.plusSeconds(1));
  }

  /** Puts files in the place of those that a volume of the pod would bring. */
  private static String withCertificate(String config) throws IOException {
    for (String name : List.of("tls.crt", "tls.key")) {
      Files.writeString(folder.resolve(name), "");
    }
    return config.replace("/etc/tls", folder.toString());
  }

  @Test
  void bigNumbersStayWhole() {
    Rendered all = chart.render(Chart.values("everything"));

    assertThat(text(all.one("ConfigMap", "edge-gate"), "data", "maglatch.yaml"))
        .contains("max-entries: 10000000");
  }

  /** Whoever may read the ConfigMap or the Deployment must not learn a secret by it. */
  @ParameterizedTest
  @MethodSource("matrix")
  void secretsStandInSecretsOnly(Path values) throws IOException {
    Object given = Chart.yaml().loadFromString(Files.readString(values));
    List<String> secrets = new ArrayList<>();
    map(given, "secrets")
        .values()
        .forEach(one -> secrets.add(String.valueOf(((Map<?, ?>) one).get("value"))));
    secrets.removeIf("null"::equals);

    for (Map<?, ?> object : chart.render(values).objects()) {
      if (!Rendered.kind(object).equals("Secret")) {
        assertThat(secrets).as(Rendered.kind(object)).noneMatch(object.toString()::contains);
      }
    }
  }

  @Test
  void jobAloneGetsTheRoleThatMayChangeTheSchema() {
    Rendered all = chart.render(Chart.values("everything"));
    String variable = "MAGLATCH_DATABASE_MIGRATION_URL_FILE";
    Map<?, ?> job = all.one("Job");

    assertThat(environment(container(job))).containsKey(variable);
    assertThat(environment(container(all.one("Deployment")))).doesNotContainKey(variable);
    assertThat(environment(container(chart.render(Chart.values("bare")).one("Deployment"))))
        .containsKey(variable);
    assertThat(text(job, "metadata", "annotations", Chart.HOOK))
        .isEqualTo("pre-install,pre-upgrade");
    assertThat(map(all.one("Secret", "edge-gate-migration"), "data").keySet().toString())
        .isEqualTo("[database-url, migration-url]");
  }

  @Test
  void changedSettingsAreNewPods() throws IOException {
    String before = Files.readString(Chart.values("minimal"));
    Path changed = folder.resolve("changed.yaml");
    Files.writeString(changed, before + "config: {cache: {ttl: 1m}}\n");

    assertThat(checksum(chart.render(changed)))
        .isNotEqualTo(checksum(chart.render(Chart.values("minimal"))));
  }

  @Test
  void replicasAreTheAutoscalersBusinessIfThereIsOne() {
    Map<?, ?> scaled = chart.render(Chart.values("everything")).one("Deployment");
    assertThat(map(scaled, "spec").containsKey("replicas")).isFalse();
    assertThat(at(chart.render(Chart.values("minimal")).one("Deployment"), "spec", "replicas"))
        .isEqualTo(2);
  }

  @Test
  void whatIsSwitchedOffIsNotThere() {
    assertThat(chart.render(Chart.values("bare")).kinds())
        .containsExactly("ConfigMap", "Deployment", "Service", "Service");
  }

  /** What one part needs of another may be forgotten in the templates. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "migration",
        "autoscaling",
        "podDisruptionBudget",
        "networkPolicy",
        "ingress",
        "httpRoute",
        "serviceMonitor",
        "prometheusRule",
        "dashboard",
        "test"
      })
  void withoutAnyOneOfItsPartsTheRestIsRight(String part) {
    Rendered all = chart.render(Chart.values("everything"), part + ".enabled", false);
    KubernetesTypes types = new KubernetesTypes();

    assertThat(all.kinds()).isNotEqualTo(chart.render(Chart.values("everything")).kinds());
    for (Map<?, ?> object : all.forCluster()) {
      assertThat(types.unknownFields(object)).as(KubernetesTypes.type(object)).isEmpty();
    }
  }

  @Test
  void testAsksWhereItGetsAnAnswer() {
    Rendered plain = chart.render(Chart.values("minimal"));
    Rendered elsewhere = chart.render(Chart.values("h2c"));

    assertThat(list(plain.one("Pod"), "spec", "containers", 0, "args").toString())
        .contains("--url, http://edge-maglatch:80,");
    assertThat(list(elsewhere.one("Pod"), "spec", "containers", 0, "args").toString())
        .contains("--url, https://api.example.com,");
    assertThat(chart.render(Chart.values("tls")).all("Pod")).isEmpty();
  }

  @Test
  void listenerOfTheOwnRoutesSpeaksWhatThePublicOneDoes() {
    Rendered all = chart.render(Chart.values("tls"));

    for (String service : List.of("edge-maglatch", "edge-maglatch-management")) {
      assertThat(text(all.one("Service", service), "spec", "ports", 0, "appProtocol"))
          .isEqualTo("https");
    }
  }

  /** Whoever forbids all other ways out means no name server. */
  @Test
  void namesAreLookedUpWhateverEgressIsAllowed() {
    Map<?, ?> policy = chart.render(Chart.values("h2c")).one("NetworkPolicy");

    assertThat(list(policy, "spec", "policyTypes").toString()).isEqualTo("[Ingress, Egress]");
    assertThat(list(policy, "spec", "egress", 0, "ports"))
        .extracting(port -> text(port, "port") + "/" + text(port, "protocol"))
        .containsExactly("53/UDP", "53/TCP");
    assertThat(at(policy, "spec", "egress", 1, "ports", 0, "port")).isEqualTo(5432);
  }

  @Test
  void notesNameTheObjectsOfThisRelease() {
    assertThat(notes("minimal"))
        .contains("deploy/edge-maglatch -- java @/app/maglatch account create")
        .contains("service/edge-maglatch 8080:80")
        .contains("curl -i http://localhost:8080/ ")
        .contains("helm -n apis test edge")
        .contains("No upstream is set");
    assertThat(notes("tls"))
        .contains("curl -ik https://localhost:8080/ ")
        .contains("service/edge-maglatch-management, port 8443.")
        .doesNotContain("helm -n apis test");
  }

  @Test
  void notesSayWhatIsOftenForgotten() {
    List<String> hints =
        List.of(
            "config.proxy.trusted-cidrs",
            "config.http.public-url",
            "networkPolicy.opsFrom",
            "prometheusRule.runbookBase");

    assertThat(notes("h2c")).contains(hints).contains("--http2-prior-knowledge");
    assertThat(notes("everything")).doesNotContain(hints);
    assertThat(notes("minimal")).doesNotContain(hints);
  }

  private static String notes(String values) {
    return text(chart.render(Chart.values(values)).one("Notes"), "data");
  }

  /** {@code -Dhelm.record=true} takes what is rendered for right. */
  @Test
  void defaultsRenderAsBefore() throws IOException {
    String rendered = chart.text(Chart.values("minimal"));
    if (Boolean.getBoolean("helm.record")) {
      Files.writeString(SNAPSHOT, rendered);
    }

    assertThat(rendered).isEqualTo(Files.readString(SNAPSHOT));
  }

  private static String checksum(Rendered all) {
    return text(
        all.one("Deployment"), "spec", "template", "metadata", "annotations", "checksum/config");
  }

  private static Map<?, ?> container(Map<?, ?> workload) {
    return map(workload, "spec", "template", "spec", "containers", 0);
  }

  private static List<Map<?, ?>> pods(Rendered all) {
    List<Map<?, ?>> pods = new ArrayList<>();
    all.all("Deployment").forEach(one -> pods.add(map(one, "spec", "template", "spec")));
    all.all("Job").forEach(one -> pods.add(map(one, "spec", "template", "spec")));
    all.all("Pod").forEach(one -> pods.add(map(one, "spec")));
    assertThat(pods).isNotEmpty();
    return pods;
  }

  private static Map<String, String> environment(Map<?, ?> container) {
    Map<String, String> environment = new HashMap<>();
    for (Object variable : list(container, "env")) {
      environment.put(text(variable, "name"), text(variable, "value"));
    }
    return environment;
  }

  /** Whether a rule of a policy lets {@code pod}, of the same namespace, in. */
  private static boolean admits(Map<?, ?> rule, Map<?, ?> pod) {
    return !rule.containsKey("from")
        || list(rule, "from").stream()
            .map(peer -> (Map<?, ?>) peer)
            .filter(peer -> peer.containsKey("podSelector"))
            .map(peer -> map(peer, "podSelector", "matchLabels"))
            .anyMatch(wanted -> contains(map(pod, "metadata", "labels"), wanted));
  }

  private static boolean contains(Map<?, ?> labels, Map<?, ?> selector) {
    return !selector.isEmpty() && labels.entrySet().containsAll(selector.entrySet());
  }

  /** Puts something of the right kind into a file of our own, in the place of the mounted one. */
  private static String secretFile(String name, String path) {
    if (!name.endsWith("_FILE")) {
      return path;
    }
    Path file = folder.resolve(Path.of(path).getFileName().toString());
    String content = name.contains("_URL_") ? "postgresql://app:pw@db:5432/maglatch" : BASE64;
    try {
      Files.writeString(file, content);
    } catch (IOException failed) {
      throw new IllegalStateException(failed);
    }
    return file.toString();
  }
}
