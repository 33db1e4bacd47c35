// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the pages name is there: files, headings, settings, routes, tests. */
class PagesTest {
  private static final Path README = Path.of("README.md");
  private static final Path SETTINGS = Path.of("conf/maglatch.yaml");
  private static final Path OPEN_API = Path.of("src/main/resources/openapi/maglatch.yaml");
  private static final Path FAILURES = Path.of("src/docs/failure-modes.md");
  private static final Path TESTS = Path.of("src/test/java");
  private static final Pattern LINK = Pattern.compile("]\\(([^)\\s]+)\\)");
  private static final Pattern QUOTED = Pattern.compile("`([^`]*)`");
  private static final Pattern SETTING = Pattern.compile("^( *)([a-z0-9-]+):([^#]*)");
  private static final Pattern ROUTE = Pattern.compile("(?m)^  (/\\S+):$");
  private static final Pattern TEST =
      Pattern.compile("(?:(?:[a-z]+\\.)*([A-Z]\\w+(?:Test|IT)))?\\.?([a-z]\\w+)?…?");

  @Test
  void linksLeadToFilesAndHeadings() throws IOException {
    int links = 0;
    for (Path page : pages()) {
      Matcher link = LINK.matcher(Files.readString(page));
      while (link.find()) {
        String target = link.group(1);
        if (!target.contains("://")) {
          assertThat(leadsSomewhere(page, target)).as(page + ": " + target).isTrue();
          links++;
        }
      }
    }
    assertThat(links).isGreaterThan(20);
  }

  /** The table of the most important settings shows the defaults that conf/maglatch.yaml has. */
  @Test
  void settingsOfTheReadmeHaveTheDefaultsItShows() throws IOException {
    Map<String, String> defaults = defaults();
    List<String[]> rows = rows(section("## Configuration", "Commands:"));
    assertThat(rows).hasSizeGreaterThan(30);
    for (String[] cells : rows) {
      List<String> names = quoted(cells[1]);
      List<String> shown = quoted(cells[2]);
      for (int i = 0; i < names.size(); i++) {
        String name = names.get(i);
        assertThat(defaults).containsKey(name);
        assertThat(shown.isEmpty() ? "" : shown.get(Math.min(i, shown.size() - 1)))
            .as(name)
            .isEqualTo(defaults.get(name));
      }
    }
  }

  /** What stands there with dots stands for all routes that begin so. */
  @Test
  void everyOwnRouteIsInTheReadme() throws IOException {
    Set<String> told = new TreeSet<>();
    for (String[] cells : rows(section("## Endpoints", "What the upstream gets"))) {
      for (String cell : quoted(cells[1])) {
        for (String word : cell.split("[ ?]", -1)) {
          told.add(word);
        }
      }
    }
    told.remove("/_maglatch/…"); // what is no own route
    List<String> routes = found(ROUTE, Files.readString(OPEN_API));
    assertThat(routes).hasSizeGreaterThan(30);
    for (String route : routes) {
      assertThat(told)
          .as(route)
          .anyMatch(
              known ->
                  known.endsWith("…")
                      ? route.startsWith(known.substring(0, known.length() - 1))
                      : route.equals(known) || route.startsWith(known + "/"));
    }
  }

  /** A failure that no test makes is a guess. */
  @Test
  void everyFailureNamesTestsThatAreThere() throws IOException {
    List<String[]> rows = rows(Files.readString(FAILURES));
    assertThat(rows).hasSizeGreaterThan(40);
    String last = "";
    for (String[] cells : rows) {
      String cell = cells[cells.length - 2];
      assertThat(cell.strip()).as(cells[1]).isNotEmpty();
      for (String name : quoted(cell)) {
        Matcher test = TEST.matcher(name);
        if (test.matches()) {
          last = test.group(1) == null ? last : test.group(1);
          String method = test.group(2) == null ? "" : test.group(2);
          assertThat(source(last)).as(name).contains("void " + method);
        }
      }
    }
  }

  private static List<Path> pages() throws IOException {
    List<Path> pages = new ArrayList<>();
    pages.add(README);
    for (Path folder : List.of(Path.of("src"), Path.of("helm"))) {
      try (Stream<Path> files = Files.walk(folder)) {
        files.filter(file -> file.toString().endsWith(".md")).forEach(pages::add);
      }
    }
    return pages;
  }

  private static boolean leadsSomewhere(Path page, String target) throws IOException {
    String[] parts = target.split("#", 2);
    Path file = parts[0].isEmpty() ? page : page.resolveSibling(parts[0]).normalize();
    return Files.exists(file) && (parts.length == 1 || anchors(file).contains(parts[1]));
  }

  private static Set<String> anchors(Path page) throws IOException {
    Set<String> anchors = new TreeSet<>();
    for (String line : Files.readAllLines(page)) {
      if (line.startsWith("#")) {
        String heading = line.replaceFirst("#+ ", "").toLowerCase(Locale.ROOT);
        anchors.add(heading.replaceAll("[^a-z0-9 _-]", "").replace(' ', '-'));
      }
    }
    return anchors;
  }

  private static String section(String from, String to) throws IOException {
    String readme = Files.readString(README);
    int begin = readme.indexOf(from);
    int end = readme.indexOf(to, begin);
    assertThat(end).as(to).isGreaterThan(begin);
    return readme.substring(begin, end);
  }

  /** Returns the cells of each row of tables, heads left out; the first cell is before the row. */
  private static List<String[]> rows(String text) {
    return text.lines()
        .filter(line -> line.startsWith("| ") && !line.contains("|---"))
        .map(line -> line.split("(?<!\\\\)\\|", -1))
        .filter(cells -> !quoted(String.join("", cells)).isEmpty())
        .toList();
  }

  private static List<String> quoted(String cell) {
    return found(QUOTED, cell);
  }

  private static List<String> found(Pattern pattern, String text) {
    return pattern.matcher(text).results().map((MatchResult found) -> found.group(1)).toList();
  }

  private static Map<String, String> defaults() throws IOException {
    Map<String, String> defaults = new HashMap<>();
    List<String> path = new ArrayList<>();
    for (String line : Files.readAllLines(SETTINGS)) {
      Matcher setting = SETTING.matcher(line);
      if (setting.find()) {
        path.subList(setting.group(1).length() / 2, path.size()).clear();
        path.add(setting.group(2));
        defaults.put(String.join(".", path), setting.group(3).strip());
      }
    }
    return defaults;
  }

  private static String source(String test) throws IOException {
    try (Stream<Path> all = Files.walk(TESTS)) {
      List<Path> found = all.filter(path -> path.endsWith(test + ".java")).toList();
      assertThat(found).as(test).hasSize(1);
      return Files.readString(found.get(0));
    }
  }
}
