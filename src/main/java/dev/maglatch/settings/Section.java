// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.settings;

import static java.util.Objects.requireNonNull;

import dev.maglatch.secret.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One level of the settings.
 *
 * <p>Every read makes the key known. A value that cannot be read is noted as a problem and yields
 * the default, so a record is always made and all problems come to light at once. Blank counts as
 * not set.
 */
public final class Section {
  private static final int SHOWN_CHARACTERS = 120;
  private static final Duration LONGEST = Duration.ofDays(3650);

  private final Settings settings;
  private final String path;

  Section(Settings settings, String path) {
    this.settings = settings;
    this.path = path;
  }

  public Section section(String name) {
    return new Section(settings, full(name));
  }

  /**
   * Returns the maps in a list, in order. An environment variable gives the whole list as YAML,
   * such as {@code [{path: /a, upstream: "http://a:80"}]}.
   */
  public List<Section> sections(String name) {
    String key = learned(name);
    Value given =
        settings.override(key) != null ? settings.override(key) : settings.fromVariable(key);
    YamlTree file = settings.file();
    if (given != null && given.text() != null) {
      Problems broken = new Problems();
      YamlTree list = YamlTree.ofText(key, given.text(), given.source(), broken);
      file.replace(key, list);
      if (!broken.isEmpty()) {
        settings.note(key, "not YAML (expected: [{key: value}, ...])", given.source());
      }
    }
    Value scalar = file.values().get(key);
    if (file.hasBelow(key + ".") || (scalar != null && !isEmptyList(scalar))) {
      settings.note(key, "expected a list of sections", file.source(key));
      return List.of();
    }
    List<Section> items = new ArrayList<>();
    while (file.hasBelow(key + "[" + items.size() + "]")) {
      items.add(new Section(settings, key + "[" + items.size() + "]"));
    }
    return items;
  }

  public String text(String key, String def) {
    String text = text(key);
    return text == null ? def : text;
  }

  public @Nullable String text(String key) {
    Value value = scalar(key);
    return value == null ? null : value.text();
  }

  /** Reads a whole number between {@code min} and {@code max}, both allowed. */
  public int integer(String key, int def, int min, int max) {
    Value value = scalar(key);
    if (value == null) {
      return def;
    }
    try {
      int number = Integer.parseInt(requireNonNull(value.text()));
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException notANumber) {
      // the same complaint
    }
    problem(key, max == Integer.MAX_VALUE ? "a number, at least " + min : min + " to " + max);
    return def;
  }

  /** Reads a number of bytes, such as {@code 4096}, {@code 64k}, {@code 1m}, {@code 2g}. */
  public long bytes(String key, long def) {
    return bytes(key, def, 0, Long.MAX_VALUE);
  }

  /** Reads a number of bytes between {@code min} and {@code max}, both allowed. */
  public long bytes(String key, long def, long min, long max) {
    Value value = scalar(key);
    if (value == null) {
      return def;
    }
    Long bytes = Quantities.bytes(requireNonNull(value.text()));
    if (bytes != null && bytes >= min && bytes <= max) {
      return bytes;
    }
    String range = min == 0 && max == Long.MAX_VALUE ? "" : ", " + min + " to " + max + " bytes";
    problem(key, "a size such as 4096, 64k or 1m" + range);
    return def;
  }

  /** Reads {@code true} or {@code false}. */
  public boolean flag(String key, boolean def) {
    Value value = scalar(key);
    if (value == null) {
      return def;
    }
    boolean isTrue = "true".equalsIgnoreCase(value.text());
    if (!isTrue && !"false".equalsIgnoreCase(value.text())) {
      problem(key, "true or false");
      return def;
    }
    return isTrue;
  }

  /** Reads a duration, such as {@code 500ms}, {@code 30s}, {@code 5m}, {@code 1h}, {@code 7d}. */
  public Duration duration(String key, Duration def) {
    return duration(key, def, Duration.ZERO, LONGEST);
  }

  /** Reads a duration between {@code min} and {@code max}, both allowed. */
  public Duration duration(String key, Duration def, Duration min, Duration max) {
    Value value = scalar(key);
    if (value == null) {
      return def;
    }
    Duration duration = Quantities.duration(requireNonNull(value.text()));
    if (duration != null && duration.compareTo(min) >= 0 && duration.compareTo(max) <= 0) {
      return duration;
    }
    String range =
        duration == null ? "" : ", " + Quantities.show(min) + " to " + Quantities.show(max);
    problem(key, "a duration such as 500ms, 30s, 5m or 1h" + range);
    return def;
  }

  /** Reads a YAML list, or text between commas. */
  public List<String> texts(String key, List<String> def) {
    Value value = settings.find(learned(key));
    return value == null ? def : value.list();
  }

  /** Reads one of an enum's constants, written in lower case with dashes. */
  public <E extends Enum<E>> E choice(String key, E def) {
    Value value = scalar(key);
    if (value == null) {
      return def;
    }
    E[] constants = def.getDeclaringClass().getEnumConstants();
    for (E constant : constants) {
      if (spelling(constant).equals(value.text())) {
        return constant;
      }
    }
    problem(
        key, Arrays.stream(constants).map(Section::spelling).collect(Collectors.joining(" or ")));
    return def;
  }

  /**
   * Reads a value that is never shown: from the key itself, or from the file that {@code
   * <key>-file} names (blanks around its text are dropped). Null when neither is set.
   */
  public @Nullable Secret secret(String key) {
    Value value = secretValue(key);
    if (value == null) {
      return null;
    }
    if (value.text() == null) {
      problem(key, "a single value");
      return null;
    }
    return new Secret(value.text());
  }

  /** Reads a list of values that are never shown; in a file one stands on each line. */
  public List<Secret> secrets(String key) {
    Value value = secretValue(key);
    if (value == null) {
      return List.of();
    }
    List<String> items =
        value.text() == null ? value.list() : List.of(value.text().split("[,\\s]+"));
    return items.stream().map(Secret::new).toList();
  }

  /** Says whether any source sets {@code key}; for a secret, or its file. */
  public boolean has(String key) {
    return settings.find(learned(key)) != null
        || (settings.isHidden(full(key)) && settings.find(full(key) + "-file") != null);
  }

  /** Notes that what is set for {@code key} is not what was expected, or that nothing is set. */
  public void problem(String key, String expectation) {
    String name = full(key);
    Value value = settings.find(name);
    if (value == null && settings.isHidden(name)) {
      value = settings.find(name + "-file");
    }
    String source = value == null ? settings.file().source(name) : value.source();
    settings.note(name, shown(name, value) + " (expected: " + expectation + ")", source);
  }

  /** Returns the dotted name of {@code key} in this section. */
  public String full(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  private @Nullable Value scalar(String key) {
    Value value = settings.find(learned(key));
    if (value != null && value.text() == null) {
      problem(key, "a single value");
      return null;
    }
    return value;
  }

  private @Nullable Value secretValue(String key) {
    String name = learned(key);
    String fileName = learned(key + "-file");
    settings.hide(name);
    Value inline = settings.find(name);
    Value mounted = settings.find(fileName);
    if (inline == null || mounted == null) {
      return mounted == null ? inline : contents(fileName, mounted);
    }
    boolean inlineIsVariable = inline.source().equals(Settings.variable(name));
    boolean mountedIsVariable = mounted.source().equals(Settings.variable(fileName));
    if (inlineIsVariable == mountedIsVariable) {
      settings.note(name, "set both by itself and by " + fileName, mounted.source());
      return null;
    }
    return inlineIsVariable ? inline : contents(fileName, mounted);
  }

  private @Nullable Value contents(String fileName, Value mounted) {
    try {
      Value value = Value.of(Files.readString(Path.of(mounted.list().get(0))), mounted.source());
      if (!value.isAbsent()) {
        return value;
      }
      settings.note(fileName, shown(fileName, mounted) + " is empty", mounted.source());
    } catch (IOException | InvalidPathException unreadable) {
      settings.note(
          fileName,
          shown(fileName, mounted) + " cannot be read (expected: a readable text file)",
          mounted.source());
    }
    return null;
  }

  private String shown(String name, @Nullable Value value) {
    if (value == null) {
      return "missing";
    }
    if (settings.isHidden(name)) {
      return "****";
    }
    String text = value.text() != null ? value.text() : String.join(", ", value.list());
    String safe = text.replaceAll("://[^/?#]*@", "://****@").replaceAll("\\p{Cntrl}", "\uFFFD");
    return safe.length() <= SHOWN_CHARACTERS ? safe : safe.substring(0, SHOWN_CHARACTERS) + "...";
  }

  private static boolean isEmptyList(Value value) {
    return value.isAbsent() || value.list().isEmpty();
  }

  private static String spelling(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private String learned(String key) {
    String name = full(key);
    settings.learn(name);
    return name;
  }
}
