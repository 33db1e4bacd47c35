// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.maglatch.key.KeyKind;
import dev.maglatch.manage.KeyCatalog.Column;
import dev.maglatch.manage.KeyCatalog.Filter;
import dev.maglatch.manage.KeyCatalog.Order;
import dev.maglatch.manage.KeyCatalog.State;
import dev.maglatch.manage.Page;
import java.net.URLEncoder;
import java.util.Locale;

/** What part of the list somebody looks at. Its links lead to other parts of it. */
record KeyList(Filter filter, Order order, int page) {
  static final int PAGE_SIZE = 20;
  private static final int MAX_TEXT = 100;

  static KeyList of(Form query) {
    String text = query.text("q").toLowerCase(Locale.ROOT).replace("\0", "");
    Column column = query.choice("sort", Column.class);
    return new KeyList(
        new Filter(
            text.length() > MAX_TEXT ? text.substring(0, MAX_TEXT) : text,
            query.choice("kind", KeyKind.class),
            query.choice("state", State.class)),
        new Order(column == null ? Column.CREATED : column, !query.text("order").equals("asc")),
        query.page());
  }

  Page part() {
    return new Page(PAGE_SIZE, (page - 1) * PAGE_SIZE);
  }

  /** Whether some keys may have been left out. */
  boolean filtered() {
    return !filter.text().isEmpty() || filter.kind() != null || filter.state() != null;
  }

  boolean shows(KeyKind kind) {
    return kind == filter.kind();
  }

  boolean shows(State state) {
    return state == filter.state();
  }

  /** Returns the link to the same list in another order: once more turns it round. */
  String sortedBy(Column column) {
    boolean again = order.by() == column;
    return link(new Order(column, again ? !order.descending() : column != Column.NAME), 1);
  }

  /** Returns the value of {@code aria-sort} of a column. */
  String sorted(Column column) {
    if (order.by() != column) {
      return "none";
    }
    return order.descending() ? "descending" : "ascending";
  }

  String atPage(int other) {
    return link(order, other);
  }

  /** Returns the column that the list is sorted by, as {@link #of} reads it. */
  String sort() {
    return sort(order);
  }

  /** Returns in which direction it is, likewise. */
  String direction() {
    return direction(order);
  }

  private static String sort(Order order) {
    return order.by().name().toLowerCase(Locale.ROOT);
  }

  private static String direction(Order order) {
    return order.descending() ? "desc" : "asc";
  }

  private String link(Order by, int at) {
    StringBuilder link = new StringBuilder(Dashboard.HOME + "?sort=").append(sort(by));
    link.append("&order=").append(direction(by));
    add(link, "q", filter.text());
    KeyKind kind = filter.kind();
    add(link, "kind", kind == null ? "" : kind.text());
    State state = filter.state();
    add(link, "state", state == null ? "" : state.name().toLowerCase(Locale.ROOT));
    return at > 1 ? link.append("&page=").append(at).toString() : link.toString();
  }

  private static void add(StringBuilder link, String name, String value) {
    if (!value.isEmpty()) {
      link.append('&').append(name).append('=').append(URLEncoder.encode(value, UTF_8));
    }
  }
}
