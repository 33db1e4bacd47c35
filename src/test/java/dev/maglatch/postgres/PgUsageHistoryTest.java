// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.Await;
import dev.maglatch.usage.HourlyRequests;
import dev.maglatch.usage.UsageHistory;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What {@link UsageHistory} promises. */
class PgUsageHistoryTest {
  private static final Instant HOUR = Instant.parse("2026-02-18T10:00:00Z");

  private static OpenedDatabase opened;
  private static UsageHistory history;
  private static CatalogRows rows;

  @BeforeAll
  static void start() {
    opened = new OpenedDatabase();
    rows = new CatalogRows(opened.server);
    history = new PgUsageHistory(opened.database);
  }

  @AfterAll
  static void stop() {
    opened.close();
  }

  private static List<HourlyRequests> since(Instant from, UUID... keys) {
    return Await.result(history.since(List.of(keys), from));
  }

  @Test
  void hoursOfTheNamedKeysComeOldestFirst() {
    UUID account = rows.account(rows.organization(), "owner");
    UUID one = rows.key(account, "mgp", "one");
    UUID two = rows.key(account, "org", "two");
    UUID other = rows.key(account, "mgp", "other");
    Instant next = HOUR.plusSeconds(3600);
    rows.used(two, next, 3);
    rows.used(one, HOUR, 5_000_000_000L);
    rows.used(other, HOUR, 7);

    assertThat(since(HOUR, one, two))
        .containsExactly(
            new HourlyRequests(one, HOUR, 5_000_000_000L), new HourlyRequests(two, next, 3));
  }

  @Test
  void firstHourIsAmongThemAndTheOneBeforeIsNot() {
    UUID key = rows.key(rows.account(rows.organization(), "owner"), "mgp", "key");
    rows.used(key, HOUR.minusSeconds(3600), 1);
    rows.used(key, HOUR, 2);

    assertThat(since(HOUR, key)).containsExactly(new HourlyRequests(key, HOUR, 2));
  }

  @Test
  void nothingIsKnownOfUnusedUnknownOrNoKeys() {
    UUID unused = rows.key(rows.account(rows.organization(), "owner"), "mgp", "unused");

    assertThat(since(Instant.EPOCH, unused, UUID.randomUUID())).isEmpty();
    assertThat(since(Instant.EPOCH)).isEmpty();
  }
}
