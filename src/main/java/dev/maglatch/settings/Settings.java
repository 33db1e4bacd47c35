// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.settings;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.apache.commons.text.similarity.LevenshteinDistance;
import org.jspecify.annotations.Nullable;

/**
 * All settings of one start: the command line wins over the environment, and that over the file.
 *
 * <p>The setting {@code http.public-url} is also the variable {@code MAGLATCH_HTTP_PUBLIC_URL}.
 * Reading a setting makes it known; once everything was read, {@link #problems()} also names what
 * nobody asked for. Not safe for use by several threads.
 */
public final class Settings {
  private static final String VARIABLE_PREFIX = "MAGLATCH_";
  private static final String COMMAND_LINE = "command line";

  /** Variables of other purposes: the file's own place, and settings of the test suite. */
  private static final Pattern FOREIGN = Pattern.compile("MAGLATCH_CONFIG|MAGLATCH_TEST_.*");

  /** What Kubernetes sets in every pod beside a Service whose name begins with maglatch. */
  private static final Pattern SERVICE_LINK =
      Pattern.compile(
          "MAGLATCH_(.*_)?(SERVICE_(HOST|PORT)(_.*)?"
              + "|PORT_\\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)");

  private static final Pattern INDEX = Pattern.compile("\\[\\d+]");

  private final Problems noted = new Problems();
  private final YamlTree file;
  private final Map<String, String> variables;
  private final Map<String, String> overrides;
  private final Map<String, String> defaults;
  private final NavigableSet<String> known = new TreeSet<>();
  private final Set<String> hidden = new HashSet<>();

  private Settings(
      @Nullable Path yamlFile,
      Map<String, String> environment,
      Map<String, String> overrides,
      Map<String, String> defaults) {
    this.file = yamlFile == null ? YamlTree.empty() : YamlTree.ofFile(yamlFile, noted);
    this.variables = new TreeMap<>();
    environment.forEach(this::takeVariable);
    this.overrides = new LinkedHashMap<>(overrides);
    this.defaults = new LinkedHashMap<>(defaults);
  }

  /**
   * Takes the sources in. Never throws for their content: what cannot be read is a problem.
   *
   * @param yamlFile null for none
   * @param environment only {@code MAGLATCH_*} is looked at; a blank variable counts as not set
   * @param overrides values from the command line by dotted name
   */
  public static Settings load(
      @Nullable Path yamlFile, Map<String, String> environment, Map<String, String> overrides) {
    return load(yamlFile, environment, overrides, Map.of());
  }

  /**
   * As {@link #load(Path, Map, Map)}, with other defaults than the records' own, by dotted name.
   */
  public static Settings load(
      @Nullable Path yamlFile,
      Map<String, String> environment,
      Map<String, String> overrides,
      Map<String, String> defaults) {
    return new Settings(yamlFile, environment, overrides, defaults);
  }

  /** Settings of nobody: every default. */
  public static Settings empty() {
    return load(null, Map.of(), Map.of());
  }

  public Section root() {
    return new Section(this, "");
  }

  /** Returns what was noted so far and what is set although no setting of that name was read. */
  public Problems problems() {
    Problems all = new Problems(noted);
    file.values().forEach((name, value) -> checkFileKey(name, value, all));
    for (String variable : variables.keySet()) {
      if (!isKnownVariable(variable)) {
        addUnknown(all, variable, "variable", variable, Settings::variable);
      }
    }
    for (String name : overrides.keySet()) {
      if (!known.contains(name)) {
        addUnknown(all, name, "key", COMMAND_LINE, UnaryOperator.identity());
      }
    }
    return all;
  }

  /** Returns the dotted names read so far; {@code []} stands for the index in a list. */
  public NavigableSet<String> knownKeys() {
    return new TreeSet<>(known);
  }

  /** Returns the dotted names of settings that have another value in {@code other}, or none. */
  public NavigableSet<String> differences(Settings other) {
    NavigableSet<String> names = new TreeSet<>(known);
    names.addAll(other.known);
    names.addAll(file.values().keySet());
    names.addAll(other.file.values().keySet());
    names.removeIf(name -> isSame(find(name), other.find(name)));
    return names;
  }

  private static boolean isSame(@Nullable Value one, @Nullable Value other) {
    if (one == null || other == null) {
      return one == null && other == null;
    }
    return Objects.equals(one.text(), other.text()) && Objects.equals(one.items(), other.items());
  }

  /** Returns the environment variable that sets {@code key}. */
  public static String variable(String key) {
    return VARIABLE_PREFIX + key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
  }

  void learn(String key) {
    known.add(INDEX.matcher(key).replaceAll("[]"));
  }

  /** Marks a setting whose value must not be shown. */
  void hide(String key) {
    hidden.add(key);
  }

  boolean isHidden(String key) {
    return hidden.contains(key);
  }

  void note(String key, String complaint, String source) {
    noted.add(key, complaint, source);
  }

  YamlTree file() {
    return file;
  }

  /** Returns the value from the source that wins; null when none sets the key. */
  @Nullable Value find(String key) {
    for (Value value : candidates(key)) {
      if (value != null && !value.isAbsent()) {
        return value;
      }
    }
    return null;
  }

  private @Nullable Value[] candidates(String key) {
    return new @Nullable Value[] {
      override(key), fromVariable(key), fromFile(key), fromDefaults(key)
    };
  }

  @Nullable Value override(String key) {
    String text = overrides.get(key);
    return text == null ? null : Value.of(text, COMMAND_LINE);
  }

  @Nullable Value fromVariable(String key) {
    String text = key.indexOf('[') >= 0 ? null : variables.get(variable(key));
    return text == null ? null : Value.of(text, variable(key));
  }

  @Nullable Value fromFile(String key) {
    return file.values().get(key);
  }

  private @Nullable Value fromDefaults(String key) {
    String text = defaults.get(key);
    return text == null ? null : Value.of(text, "default");
  }

  private void takeVariable(String name, String text) {
    boolean ours =
        name.startsWith(VARIABLE_PREFIX)
            && !FOREIGN.matcher(name).matches()
            && !SERVICE_LINK.matcher(name).matches()
            && !(name.equals("MAGLATCH_PORT") && text.contains("://"));
    if (ours && !text.isBlank()) {
      variables.put(name, text);
    }
  }

  private boolean isKnownVariable(String variable) {
    return known.stream().anyMatch(key -> variable(key).equals(variable));
  }

  private void checkFileKey(String name, Value value, Problems all) {
    String key = INDEX.matcher(name).replaceAll("[]");
    if (known.contains(key)) {
      return;
    }
    if (isSection(key)) {
      if (!value.isAbsent()) {
        all.add(name, "expected a section with keys of its own", value.source());
      }
      return;
    }
    String culprit = shortestUnknown(name);
    if (known.contains(INDEX.matcher(culprit).replaceAll("[]"))) {
      all.add(culprit, "expected a value, not a section", file.source(culprit));
    } else {
      addUnknown(all, culprit, "key", file.source(culprit), UnaryOperator.identity());
    }
  }

  private boolean isSection(String key) {
    String next = known.higher(key + ".");
    String item = known.higher(key + "[]");
    return (next != null && next.startsWith(key + "."))
        || (item != null && item.startsWith(key + "[]"));
  }

  /** Returns the part of {@code name} that is to blame: the first that is no section of ours. */
  private String shortestUnknown(String name) {
    for (int dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      String prefix = name.substring(0, dot);
      if (!isSection(INDEX.matcher(prefix).replaceAll("[]"))) {
        return prefix;
      }
    }
    return name;
  }

  private void addUnknown(
      Problems all, String name, String what, String source, UnaryOperator<String> spelling) {
    String nearest = nearest(INDEX.matcher(name).replaceAll("[]"), spelling);
    String suggestion = nearest == null ? "" : "; did you mean " + describe(nearest, spelling);
    all.add(name, "unknown " + what + suggestion, source.equals(name) ? "" : source);
  }

  private static String describe(String key, UnaryOperator<String> spelling) {
    String spelled = spelling.apply(key);
    return spelled.equals(key) ? key + "?" : spelled + " (" + key + ")?";
  }

  /** Prefers a key with the same last word, since a forgotten section is the usual slip. */
  private @Nullable String nearest(String name, UnaryOperator<String> spelling) {
    return known.stream()
        .min(
            Comparator.comparingInt(
                key -> {
                  String spelled = spelling.apply(key);
                  int distance = LevenshteinDistance.getDefaultInstance().apply(name, spelled);
                  return spelled.endsWith("." + name) ? Math.min(distance, 1) : distance;
                }))
        .orElse(null);
  }
}
