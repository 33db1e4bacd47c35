// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import dev.maglatch.api.Call;
import dev.maglatch.manage.Page;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The part of a list that was asked for.
 *
 * @param limit most items to return, 1 to 100
 * @param offset items to leave out, 0 or more
 */
record Paging(int limit, int offset) {
  static final String COMPLAINT = "limit must be 1 to 100 and offset 0 or more";
  private static final int DEFAULT_LIMIT = 20;
  private static final int MAX_LIMIT = 100;

  /** Reads the query of {@code call}; null if it asks for what cannot be. */
  static @Nullable Paging of(Call call) {
    int limit = number(call.query("limit"), DEFAULT_LIMIT);
    int offset = number(call.query("offset"), 0);
    return limit < 1 || limit > MAX_LIMIT || offset < 0 ? null : new Paging(limit, offset);
  }

  /** Returns what to ask the store for: one more item tells whether there are more. */
  Page page() {
    return new Page(limit + 1, offset);
  }

  /** Renders what the store has found for {@link #page}. */
  <T> JsonObject data(List<T> found, Function<T, JsonObject> render) {
    JsonArray items = new JsonArray();
    found.stream().limit(limit).map(render).forEach(items::add);
    return new JsonObject()
        .put("items", items)
        .put("limit", limit)
        .put("offset", offset)
        .put("hasMore", found.size() > limit);
  }

  /** Returns the number, or -1 for a text that is none. */
  private static int number(@Nullable String text, int absent) {
    if (text == null) {
      return absent;
    }
    try {
      return text.matches("[0-9]{1,10}") ? Integer.parseInt(text) : -1;
    } catch (NumberFormatException huge) {
      return -1;
    }
  }
}
