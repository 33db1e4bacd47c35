// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.SecureRandom;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class OneTimeLinkTest {
  private final AtomicLong nanos = new AtomicLong();
  private final OneTimeLink link = new OneTimeLink(new SecureRandom(), nanos::get);
  private final UUID account = UUID.randomUUID();

  @Test
  void letsInOnce() {
    String token = link.offer(account).reveal();
    assertThat(link.isGood(token)).isTrue();
    assertThat(link.use(token + "x")).isNull();
    assertThat(link.use(token)).isEqualTo(account);
    assertThat(link.use(token)).isNull();
    assertThat(link.isGood(token)).isFalse();
  }

  @Test
  void isOverAfterThirtyMinutes() {
    String token = link.offer(account).reveal();
    nanos.addAndGet(OneTimeLink.LIFETIME.toNanos() - 1);
    assertThat(link.isGood(token)).isTrue();
    nanos.incrementAndGet();
    assertThat(link.isGood(token)).isFalse();
    assertThat(link.use(token)).isNull();
  }

  @Test
  void newOfferClosesTheEarlierOne() {
    String earlier = link.offer(account).reveal();
    String later = link.offer(account).reveal();
    assertThat(link.use(earlier)).isNull();
    assertThat(link.use(later)).isEqualTo(account);
  }
}
