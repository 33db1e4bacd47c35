// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.helm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;

/** The objects of one rendering, as read from YAML. */
record Rendered(List<Map<?, ?>> objects) {
  private static final List<String> NOT_OURS = List.of("Notes");

  /** Returns what a cluster would be given. */
  List<Map<?, ?>> forCluster() {
    return objects.stream().filter(object -> !NOT_OURS.contains(kind(object))).toList();
  }

  List<String> kinds() {
    return forCluster().stream().map(Rendered::kind).sorted().toList();
  }

  List<Map<?, ?>> all(String kind) {
    return objects.stream().filter(object -> kind(object).equals(kind)).toList();
  }

  /** Returns the object of that kind and name. */
  Map<?, ?> one(String kind, String name) {
    List<Map<?, ?>> found =
        all(kind).stream().filter(object -> name.equals(at(object, "metadata", "name"))).toList();
    assertThat(found).as(kind + " " + name).hasSize(1);
    return found.get(0);
  }

  Map<?, ?> one(String kind) {
    assertThat(all(kind)).as(kind).hasSize(1);
    return all(kind).get(0);
  }

  static String kind(Map<?, ?> object) {
    return String.valueOf(object.get("kind"));
  }

  /** Goes down a path of member names and list indexes, all of which must be there. */
  static Object at(Object from, Object... path) {
    Object here = from;
    for (Object step : path) {
      Object next =
          step instanceof Integer index
              ? ((List<?>) here).get(index)
              : here instanceof Map<?, ?> map ? map.get(step) : null;
      assertThat(next).as("%s in %s", step, here).isNotNull();
      here = next == null ? from : next;
    }
    return here;
  }

  static List<?> list(Object from, Object... path) {
    return (List<?>) at(from, path);
  }

  static Map<?, ?> map(Object from, Object... path) {
    return (Map<?, ?>) at(from, path);
  }

  static String text(Object from, Object... path) {
    return String.valueOf(at(from, path));
  }
}
