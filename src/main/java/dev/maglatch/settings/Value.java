// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.settings;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one source says about one setting.
 *
 * @param text the value of a scalar; null when {@code items} are given or nothing is
 * @param items the values of a list of scalars
 * @param source {@code file:line}, a variable's name, or {@code command line}
 */
record Value(@Nullable String text, @Nullable List<String> items, String source) {
  static Value of(String text, String source) {
    return new Value(text.isBlank() ? null : text.strip(), null, source);
  }

  /** True for {@code key:}, {@code key: null} and blank text, which all leave the default. */
  boolean isAbsent() {
    return text == null && items == null;
  }

  /** Returns the list's items, or a scalar's parts between commas. */
  List<String> list() {
    if (items != null) {
      return items;
    }
    return text == null
        ? List.of()
        : Arrays.stream(text.split(",")).map(String::strip).filter(s -> !s.isEmpty()).toList();
  }
}
