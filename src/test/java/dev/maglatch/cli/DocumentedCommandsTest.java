// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Commands that the documentation tells people to type are there, with the options named. */
class DocumentedCommandsTest {
  private static final List<Path> PLACES =
      List.of(Path.of("README.md"), Path.of("src/docs"), Path.of("helm/maglatch"));

  /** Where a command begins, its name, and what is told of its options. */
  private static final Pattern COMMAND =
      Pattern.compile(
          "(?m)(?:`|\\| |do |\\$ |@/app/|^ *)maglatch ([a-z]+(?: [a-z]+)?)([^`|\\n;]*)");

  private static final Pattern OPTION = Pattern.compile("(?<![\\w-])--[a-z]+(?:-[a-z]+)*");

  @Test
  void everyCommandIsThereWithItsOptions() throws IOException {
    Set<String> seen = new TreeSet<>();
    for (Path page : pages()) {
      Matcher command = COMMAND.matcher(Files.readString(page));
      while (command.find()) {
        List<String> words = List.of(command.group(1).strip().split(" ", -1));
        String help = help(words);
        assertThat(help).as(page + ": " + command.group()).isNotEmpty();
        Matcher option = OPTION.matcher(command.group(2));
        while (option.find()) {
          assertThat(help).as(page + ": " + command.group()).contains(option.group());
        }
        seen.add(words.get(0));
      }
    }
    assertThat(seen)
        .contains("account", "check", "explain", "key", "migrate", "secrets", "serve", "try");
  }

  /** The test is no use if it takes anything for a command. */
  @Test
  void unknownCommandsAreFound() {
    assertThat(help(List.of("key", "list"))).contains("--account");
    assertThat(help(List.of("keys", "list"))).isEmpty();
    assertThat(help(List.of("key", "show"))).isEmpty();
  }

  /** Returns what a command says of itself; nothing if there is none. */
  private static String help(List<String> words) {
    List<String> line = new ArrayList<>(words);
    line.add("--help");
    Ran ran = Ran.with(Map.of(), line.toArray(String[]::new));
    return ran.code() == 0 && ran.out().contains("maglatch " + String.join(" ", words))
        ? ran.out()
        : "";
  }

  private static List<Path> pages() throws IOException {
    List<Path> pages = new ArrayList<>();
    for (Path place : PLACES) {
      try (Stream<Path> files = Files.walk(place)) {
        files.filter(file -> file.toString().matches(".*\\.(md|txt)")).forEach(pages::add);
      }
    }
    assertThat(pages).hasSizeGreaterThan(10);
    return pages;
  }
}
