// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.settings;

import java.util.ArrayList;
import java.util.List;

/** Everything that is wrong with the settings, in the order in which it was found. */
public final class Problems {
  private final List<String> lines = new ArrayList<>();

  public Problems() {}

  Problems(Problems other) {
    lines.addAll(other.lines);
  }

  /**
   * Notes one problem. The same one twice counts once.
   *
   * @param key the setting's dotted name, or whatever else is at fault
   * @param complaint value and expectation, never a secret's value
   * @param source where the value came from, such as {@code conf/maglatch.yaml:4}; empty if nowhere
   */
  public void add(String key, String complaint, String source) {
    String line = key + ": " + complaint + (source.isEmpty() ? "" : "  [" + source + "]");
    if (!lines.contains(line)) {
      lines.add(line);
    }
  }

  public boolean isEmpty() {
    return lines.isEmpty();
  }

  /** Returns the problems without numbers. */
  public List<String> lines() {
    return List.copyOf(lines);
  }

  /** Returns the whole numbered report, without a line break at its end. */
  public String report() {
    StringBuilder report = new StringBuilder("Configuration is invalid (");
    report.append(lines.size()).append(lines.size() == 1 ? " problem):" : " problems):");
    for (int i = 0; i < lines.size(); i++) {
      report.append("\n  ").append(i + 1).append(") ").append(lines.get(i));
    }
    return report.toString();
  }

  @Override
  public String toString() {
    return isEmpty() ? "no problems" : report();
  }
}
