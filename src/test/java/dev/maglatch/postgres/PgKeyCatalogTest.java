// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static java.time.temporal.ChronoUnit.DAYS;
import static java.time.temporal.ChronoUnit.MILLIS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.Await;
import dev.maglatch.key.KeyKind;
import dev.maglatch.manage.KeyCatalog;
import dev.maglatch.manage.KeyCatalog.Column;
import dev.maglatch.manage.KeyCatalog.Filter;
import dev.maglatch.manage.KeyCatalog.Found;
import dev.maglatch.manage.KeyCatalog.Hour;
import dev.maglatch.manage.KeyCatalog.Order;
import dev.maglatch.manage.KeyCatalog.State;
import dev.maglatch.manage.KeyCatalog.Viewer;
import dev.maglatch.manage.Page;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@link KeyCatalog} promises. */
class PgKeyCatalogTest {
  private static final Filter ANY = new Filter("", null, null);
  private static final Order NEWEST = new Order(Column.CREATED, true);
  private static final Page ALL = new Page(100, 0);
  private final Instant now = Instant.now().truncatedTo(MILLIS);

  private static OpenedDatabase opened;
  private static KeyCatalog catalog;
  private static CatalogRows rows;

  private UUID organization = UUID.randomUUID();
  private UUID account = UUID.randomUUID();

  @BeforeAll
  static void start() {
    opened = new OpenedDatabase();
    rows = new CatalogRows(opened.server);
    catalog = new PgKeyCatalog(opened.database);
  }

  @AfterAll
  static void stop() {
    opened.close();
  }

  @BeforeEach
  void makeAccount() {
    organization = rows.organization();
    account = rows.account(organization, "owner");
  }

  private Viewer owner() {
    return new Viewer(organization, account, true);
  }

  private Viewer member() {
    return new Viewer(organization, account, false);
  }

  private static Found search(Viewer viewer, Filter filter, Order order, Page page) {
    return Await.result(catalog.search(viewer, filter, order, page));
  }

  private List<UUID> found(Filter filter) {
    return ids(search(owner(), filter, NEWEST, ALL));
  }

  private List<UUID> ordered(Column by, boolean descending) {
    return ids(search(owner(), ANY, new Order(by, descending), ALL));
  }

  private static List<UUID> ids(Found found) {
    return found.keys().stream().map(key -> key.id()).toList();
  }

  /** Organization keys belong to the organization; the others to whoever made them. */
  @Test
  void ownersSeeAllOrganizationKeysAndEverybodyTheirOwn() {
    UUID colleague = rows.account(organization, "member");
    UUID robot = rows.serviceAccount(account);
    UUID mine = rows.key(account, "mgp", "mine");
    UUID mineOfTheOrganization = rows.key(account, "org", "mine too");
    UUID theirs = rows.key(colleague, "org", "theirs");
    rows.key(colleague, "mgp", "private");
    UUID robots =
        rows.key(
            account, "org", "of the robot", "user_id = NULL, service_account_id = '" + robot + "'");
    rows.key(rows.account(rows.organization(), "owner"), "org", "elsewhere");

    assertThat(ids(search(owner(), ANY, NEWEST, ALL)))
        .containsExactly(robots, theirs, mineOfTheOrganization, mine);
    assertThat(ids(search(member(), ANY, NEWEST, ALL)))
        .containsExactly(mineOfTheOrganization, mine);
  }

  @Test
  void textIsSoughtLiterallyInNameDescriptionAndPrefixWhateverItsCase() {
    UUID name = rows.key(account, "mgp", "100% Ä_Build");
    UUID description = rows.key(account, "org", "b", "description = 'Nightly BUILD'");
    UUID prefix = rows.key(account, "mgp", "c", "key_prefix = 'mgp_build'");
    rows.key(account, "mgp", "100 other");

    assertThat(found(new Filter("build", null, null))).containsExactly(prefix, description, name);
    assertThat(found(new Filter("100% ä_", null, null))).containsExactly(name);
    assertThat(found(new Filter("nothing like it", null, null))).isEmpty();
  }

  @Test
  void kindsAndStatesAreToldApart() {
    UUID active = rows.key(account, "mgp", "active");
    UUID soon =
        rows.key(account, "org", "soon", "expires_at = clock_timestamp() + interval '6 days'");
    UUID later =
        rows.key(account, "org", "later", "expires_at = clock_timestamp() + interval '8 days'");
    UUID grace =
        rows.key(
            account,
            "mp",
            "in its grace period",
            "revoke_after = clock_timestamp() + interval '30 days'");
    UUID expired =
        rows.key(account, "org", "expired", "expires_at = clock_timestamp() - interval '1 second'");
    UUID revoked = rows.key(account, "mgp", "revoked", "revoked_at = clock_timestamp()");
    UUID graceOver =
        rows.key(
            account, "mgp", "grace over", "revoke_after = clock_timestamp() - interval '1 second'");

    UUID robot = rows.serviceAccount(account);
    UUID suspended =
        rows.key(
            account, "org", "disabled", "user_id = NULL, service_account_id = '" + robot + "'");
    opened.server.execute(
        "UPDATE service_accounts SET disabled_at = clock_timestamp() WHERE id = '" + robot + "'");

    assertThat(found(new Filter("", KeyKind.ORG, null)))
        .containsExactly(suspended, expired, later, soon);
    assertThat(found(new Filter("", KeyKind.MP, null))).containsExactly(grace);
    assertThat(found(new Filter("", null, State.ACTIVE))).containsExactly(later, active);
    assertThat(found(new Filter("", null, State.EXPIRING))).containsExactly(grace, soon);
    assertThat(found(new Filter("", null, State.SUSPENDED))).containsExactly(suspended);
    assertThat(found(new Filter("", null, State.EXPIRED))).containsExactly(expired);
    assertThat(found(new Filter("", null, State.REVOKED))).containsExactly(graceOver, revoked);
    assertThat(found(new Filter("", null, State.LIMITED))).isEmpty();
  }

  @Test
  void limitedKeysAreThoseRefusedInAWindowThatRunsStill() {
    Instant end = now.plus(1, DAYS);
    UUID running = limitedKey("running", end);
    UUID before = limitedKey("before", now.minus(1, DAYS));
    UUID never = rows.key(account, "mgp", "never", "rate_limit = 1, rate_limit_window = 60");
    UUID revoked = limitedKey("revoked", end);
    rows.set(revoked, "revoked_at = clock_timestamp()");
    UUID unlimited = limitedKey("limit was taken away", end);
    rows.set(unlimited, "rate_limit = NULL, rate_limit_window = NULL");

    assertThat(found(new Filter("", null, State.LIMITED))).containsExactly(running);
    assertThat(Await.result(catalog.limited(List.of(running, before, never))))
        .isEqualTo(Map.of(running, end));
    assertThat(Await.result(catalog.limited(List.of()))).isEmpty();
  }

  private UUID limitedKey(String name, Instant windowEnd) {
    UUID id = rows.key(account, "mgp", name, "rate_limit = 1, rate_limit_window = 86400");
    rows.limited(id, windowEnd);
    return id;
  }

  /** Whichever way a list is turned, what has no value is not in the way. */
  @Test
  void keysWithoutAValueComeLastAndEqualOnesNewestFirst() {
    UUID zebra = rows.key(account, "org", "zebra");
    UUID unnamed = rows.key(account, "mp", "x", "name = NULL");
    UUID apple = rows.key(account, "org", "Apple");
    UUID twin = rows.key(account, "org", "apple");
    rows.lastUsed(zebra, now);
    rows.lastUsed(apple, now.minusSeconds(1));
    rows.set(apple, "expires_at = clock_timestamp() + interval '2 days'");
    rows.set(zebra, "expires_at = clock_timestamp() + interval '1 day'");

    assertThat(ordered(Column.NAME, false)).containsExactly(twin, apple, zebra, unnamed);
    assertThat(ordered(Column.NAME, true)).containsExactly(zebra, twin, apple, unnamed);
    assertThat(ordered(Column.CREATED, false)).containsExactly(zebra, unnamed, apple, twin);
    assertThat(ordered(Column.USED, true)).containsExactly(zebra, apple, twin, unnamed);
    assertThat(ordered(Column.USED, false)).containsExactly(apple, zebra, twin, unnamed);
    assertThat(ordered(Column.EXPIRES, false)).containsExactly(zebra, apple, twin, unnamed);
  }

  @Test
  void pageIsAPartAndKnowsHowManyThereAre() {
    UUID oldest = rows.key(account, "mgp", "a");
    rows.key(account, "mgp", "b");
    rows.key(account, "mgp", "c");

    Found last = search(owner(), ANY, NEWEST, new Page(2, 2));
    assertThat(ids(last)).containsExactly(oldest);
    assertThat(last.total()).isEqualTo(3);
    Found beyond = search(owner(), ANY, NEWEST, new Page(2, 4));
    assertThat(beyond.keys()).isEmpty();
    assertThat(beyond.total()).isZero();
  }

  @Test
  void requestsOfAllKeysThatOneSeesAddUpByHour() {
    UUID colleague = rows.account(organization, "member");
    UUID mine = rows.key(account, "mgp", "mine");
    UUID theirs = rows.key(colleague, "org", "theirs");
    UUID hidden = rows.key(colleague, "mgp", "private");
    Instant hour = Instant.parse("2026-02-18T10:00:00Z");
    Instant next = hour.plusSeconds(3600);
    rows.used(mine, hour.minusSeconds(3600), 1);
    rows.used(mine, hour, 2);
    rows.used(theirs, hour, 3_000_000_000L);
    rows.used(hidden, hour, 100);
    rows.used(theirs, next, 4);

    assertThat(Await.result(catalog.requests(owner(), hour)))
        .containsExactly(new Hour(hour, 3_000_000_002L), new Hour(next, 4));
    assertThat(Await.result(catalog.requests(member(), hour))).containsExactly(new Hour(hour, 2));
  }
}
