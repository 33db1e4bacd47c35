// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One page, or what one form does. A GET route answers HEAD too.
 *
 * @param path below {@code /dashboard}; a segment {@code *} stands for any text
 * @param open whether nobody needs to be signed in
 */
record Route(HttpMethod method, String path, boolean open, Function<Visit, Future<Reply>> answer) {
  private static final String ANY = "*";

  static Route get(String path, Function<Visit, Future<Reply>> answer) {
    return new Route(HttpMethod.GET, path, false, answer);
  }

  static Route post(String path, Function<Visit, Future<Reply>> answer) {
    return new Route(HttpMethod.POST, path, false, answer);
  }

  /** Returns the same, for anyone. */
  Route forAnyone() {
    return new Route(method, path, true, answer);
  }

  boolean serves(HttpMethod asked) {
    return asked.equals(method) || (asked.equals(HttpMethod.HEAD) && method.equals(HttpMethod.GET));
  }

  /** Returns what stands for the parameters in {@code asked}; null if it is another path. */
  @Nullable List<String> match(String asked) {
    String[] wanted = path.split("/", -1);
    String[] found = asked.split("/", -1);
    if (wanted.length != found.length) {
      return null;
    }
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < wanted.length; i++) {
      if (wanted[i].equals(ANY)) {
        parts.add(found[i]);
      } else if (!wanted[i].equals(found[i])) {
        return null;
      }
    }
    return parts;
  }
}
