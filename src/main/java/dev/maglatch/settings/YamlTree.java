// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.settings;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * A YAML document as dotted names and values, with the line of each.
 *
 * <p>A list that holds a map becomes {@code name[0].key}; a list of scalars stays one value.
 */
final class YamlTree {
  private static final int MAX_VALUES = 100_000;
  private static final int MAX_DEPTH = 20;

  private final Problems problems;
  private final String label;
  private final boolean withLines;
  private final Map<String, Value> values = new LinkedHashMap<>();
  private final Map<String, String> sources = new LinkedHashMap<>();

  private YamlTree(Problems problems, String label, boolean withLines) {
    this.problems = problems;
    this.label = label;
    this.withLines = withLines;
  }

  /** Reads a file. One that cannot be read or parsed is a problem and an empty tree. */
  static YamlTree ofFile(Path file, Problems problems) {
    YamlTree tree = new YamlTree(problems, file.toString(), true);
    try {
      tree.parse("", Files.readString(file));
    } catch (NoSuchFileException missing) {
      problems.add(file.toString(), "no such file (expected: a YAML file with settings)", "");
    } catch (CharacterCodingException binary) {
      problems.add(file.toString(), "not UTF-8 text (expected: a YAML file with settings)", "");
    } catch (IOException unreadable) {
      problems.add(file.toString(), "cannot be read (expected: a readable YAML file)", "");
    }
    return tree;
  }

  /** Reads the text that {@code source} gave for the setting called {@code name}. */
  static YamlTree ofText(String name, String text, String source, Problems problems) {
    YamlTree tree = new YamlTree(problems, source, false);
    tree.parse(name, text);
    return tree;
  }

  static YamlTree empty() {
    return new YamlTree(new Problems(), "", false);
  }

  Map<String, Value> values() {
    return values;
  }

  /** Returns where {@code name} stands, also when it is a section; empty if it does not stand. */
  String source(String name) {
    return sources.getOrDefault(name, "");
  }

  boolean hasBelow(String prefix) {
    return sources.keySet().stream().anyMatch(name -> name.startsWith(prefix));
  }

  /** Takes everything at and below {@code name} from {@code other} instead. */
  void replace(String name, YamlTree other) {
    values.keySet().removeIf(key -> isAtOrBelow(key, name));
    sources.keySet().removeIf(key -> isAtOrBelow(key, name));
    values.putAll(other.values);
    sources.putAll(other.sources);
  }

  static boolean isAtOrBelow(String key, String name) {
    return key.startsWith(name)
        && (key.length() == name.length() || ".[".indexOf(key.charAt(name.length())) >= 0);
  }

  private void parse(String name, String text) {
    try {
      LoadSettings settings = LoadSettings.builder().setLabel(label).build();
      new Compose(settings)
          .composeReader(new StringReader(text))
          .ifPresent(root -> addRoot(name, root));
    } catch (MarkedYamlEngineException broken) {
      String where = broken.getProblemMark().map(mark -> sourceAt(mark.getLine())).orElse(label);
      problems.add(orLabel(name), "not YAML: " + oneLine(broken.getProblem()), where);
    } catch (YamlEngineException broken) {
      problems.add(orLabel(name), "not YAML: " + oneLine(broken.getMessage()), label);
    }
  }

  private void addRoot(String name, Node root) {
    if (name.isEmpty() && !(root instanceof MappingNode) && !isNull(root)) {
      problems.add(label, "expected a map of settings at the top", sourceOf(root));
    } else {
      add(name, root, sourceOf(root), 0);
    }
  }

  private void add(String name, Node node, String source, int depth) {
    if (depth > MAX_DEPTH || values.size() > MAX_VALUES) {
      problems.add(orLabel(name), "too deep or too large", source);
      return;
    }
    String before = name.isEmpty() ? null : sources.putIfAbsent(name, source);
    if (before != null && !(node instanceof MappingNode)) {
      problems.add(name, "set twice, also at " + before, source);
    } else if (node instanceof MappingNode map) {
      addMap(name, map, depth);
    } else if (node instanceof SequenceNode list) {
      addList(name, list, source, depth);
    } else if (node instanceof ScalarNode scalar && !name.isEmpty()) {
      values.put(
          name, isNull(node) ? new Value(null, null, source) : Value.of(scalar.getValue(), source));
    }
  }

  private void addMap(String name, MappingNode map, int depth) {
    Set<String> seen = new HashSet<>();
    for (NodeTuple entry : map.getValue()) {
      String source = sourceOf(entry.getKeyNode());
      if (!(entry.getKeyNode() instanceof ScalarNode key)) {
        problems.add(orLabel(name), "expected text as a key", source);
        continue;
      }
      String child = name.isEmpty() ? key.getValue() : name + "." + key.getValue();
      if (seen.add(child)) {
        add(child, entry.getValueNode(), source, depth + 1);
      } else {
        problems.add(child, "set twice in one section", source);
      }
    }
  }

  private void addList(String name, SequenceNode list, String source, int depth) {
    List<Node> items = list.getValue();
    if (items.stream().allMatch(ScalarNode.class::isInstance)) {
      List<String> texts =
          items.stream().map(item -> ((ScalarNode) item).getValue().strip()).toList();
      values.put(name, new Value(null, texts, source));
      return;
    }
    for (int i = 0; i < items.size(); i++) {
      add(name + "[" + i + "]", items.get(i), sourceOf(items.get(i)), depth + 1);
    }
  }

  private static boolean isNull(Node node) {
    return node.getTag().equals(Tag.NULL);
  }

  private String sourceOf(Node node) {
    return node.getStartMark().map(mark -> sourceAt(mark.getLine())).orElse(label);
  }

  private String sourceAt(int lineFromZero) {
    return withLines ? label + ":" + (lineFromZero + 1) : label;
  }

  private String orLabel(String name) {
    return name.isEmpty() ? label : name;
  }

  private static String oneLine(@Nullable String text) {
    return text == null ? "unreadable" : text.lines().findFirst().orElse("unreadable");
  }
}
