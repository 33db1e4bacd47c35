// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.fault.Fault;
import dev.maglatch.key.KeyKind;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.Principal;
import dev.maglatch.key.TokenHash;
import dev.maglatch.key.TokenShape;
import dev.maglatch.key.Tokens;
import dev.maglatch.secret.SecretRing.SecretKeyBytes;
import dev.maglatch.verify.CacheConfig.OnDatabaseLoss;
import dev.maglatch.verify.Verdict.Outcome;
import io.vertx.core.Future;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class KeyVerifierTest {
  private static final String ADDRESS = "192.0.2.7";

  /** The age at which every key in use has been read again. */
  private static final long DUE_NANOS = CacheConfig.DEFAULT.ttl().toNanos() * 7 / 8;

  private static final SecretKeyBytes CHECK = new SecretKeyBytes(new byte[32]);
  private static final SecretKeyBytes PEPPER = new SecretKeyBytes(filled(1));
  private static final SecretKeyBytes RETIRED = new SecretKeyBytes(filled(2));

  private final Tokens tokens =
      new Tokens(new SecureRandom(), List.of(CHECK), List.of(PEPPER, RETIRED));
  private final FakeKeyStore store = new FakeKeyStore();
  private final ChangeClock changes = new ChangeClock();
  private Trust.Level level = Trust.Level.TRUSTED;
  private boolean servesWithoutDatabase = true;
  private Duration lostFor = Duration.ZERO;
  private long nanos = 1;
  private Instant now = Instant.parse("2026-02-18T10:00:00Z");
  private final KeyVerifier verifier = verifier(false);

  @Test
  void secondUseAsksNobody() {
    String token = newKey(null, null);

    assertThat(decide(token).outcome()).isEqualTo(Outcome.ALLOWED);
    assertThat(verifier.decideNow(token, ADDRESS)).isNotNull();
    assertThat(decide(token).outcome()).isEqualTo(Outcome.ALLOWED);
    assertThat(store.queries).isOne();
  }

  @Test
  void forgedTokenCostsNoQueryAndNoMemory() {
    String forged =
        new Tokens(new SecureRandom(), List.of(RETIRED), List.of(PEPPER)).mint(TokenShape.MGP);

    assertThat(verifier.decideNow(forged, ADDRESS)).isEqualTo(Verdict.UNKNOWN);
    assertThat(verifier.decideNow("mgp_nonsense", ADDRESS)).isEqualTo(Verdict.MALFORMED);
    assertThat(verifier.decideNow("something else", ADDRESS)).isEqualTo(Verdict.MALFORMED);
    assertThat(store.queries).isZero();
    assertThat(verifier.size()).isZero();
  }

  @Test
  void absenceIsRememberedUntilTheKeyIsMade() {
    String token = tokens.mint(TokenShape.MGP);
    assertThat(decide(token).outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(decide(token).outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(store.queries).isOne();

    put(token, tokens.stored(Tokens.sha256(token)).get(0), null, null);
    changes.keyChanged(tokens.stored(Tokens.sha256(token)).get(0));

    assertThat(decide(token).outcome()).isEqualTo(Outcome.ALLOWED);
  }

  @Test
  void expiryIsJudgedAtTheInstantOfUse() {
    String token = newKey(now.plusSeconds(10), null);
    assertThat(decide(token).outcome()).isEqualTo(Outcome.ALLOWED);

    now = now.plusSeconds(10);

    assertThat(decide(token).outcome()).isEqualTo(Outcome.EXPIRED);
    assertThat(store.queries).isOne();
  }

  @Test
  void revokedKeyIsRefusedAfterItsChangeIsApplied() {
    String token = newKey(null, null);
    TokenHash stored = tokens.stored(Tokens.sha256(token)).get(0);
    assertThat(decide(token).outcome()).isEqualTo(Outcome.ALLOWED);

    put(token, stored, null, now);
    changes.keyChanged(stored);

    assertThat(verifier.decideNow(token, ADDRESS)).isNull();
    assertThat(decide(token).outcome()).isEqualTo(Outcome.REVOKED);
  }

  @Test
  void changeOfAnOwnerReachesItsKeys() {
    String token = newKey(null, null);
    Principal principal = decide(token).principal();
    assertThat(principal).isNotNull();

    for (UUID owner : List.of(principal.accountId(), principal.organizationId())) {
      decide(token);
      changes.ownerChanged(owner);
      assertThat(verifier.decideNow(token, ADDRESS)).isNull();
    }
    assertThat(decide(token).outcome()).isEqualTo(Outcome.ALLOWED);
    changes.everythingChanged();
    assertThat(verifier.decideNow(token, ADDRESS)).isNull();
  }

  /** Rule 5: an answer that a change has overtaken is neither given nor kept. */
  @Test
  void answerReadBeforeARevocationIsAskedAgain() {
    String token = newKey(null, null);
    TokenHash stored = tokens.stored(Tokens.sha256(token)).get(0);
    store.hold();
    Future<Verdict> early = verifier.decide(token, ADDRESS);

    put(token, stored, null, now);
    changes.keyChanged(stored);
    store.answerOne(); // what it saw is from before the revocation
    assertThat(early.isComplete()).isFalse();
    store.answerOne();

    assertThat(early.result().outcome()).isEqualTo(Outcome.REVOKED);
  }

  /** Rule 5: whoever comes after a change does not share a query sent before it. */
  @Test
  void requestAfterAChangeStartsAQueryOfItsOwn() {
    String token = newKey(null, null);
    store.hold();
    Future<Verdict> early = verifier.decide(token, ADDRESS);
    Future<Verdict> sharing = verifier.decide(token, ADDRESS);
    assertThat(store.queries).isOne();

    changes.keyChanged(tokens.stored(Tokens.sha256(token)).get(0));
    Future<Verdict> late = verifier.decide(token, ADDRESS);
    assertThat(store.queries).isEqualTo(2);

    answerAll();
    assertThat(List.of(early, sharing, late))
        .allSatisfy(verdict -> assertThat(verdict.result().outcome()).isEqualTo(Outcome.ALLOWED));
  }

  @Test
  void thousandsOfRequestsForOneKeyCostOneQuery() {
    String token = newKey(null, null);
    store.hold();
    for (int i = 0; i < 2_000; i++) {
      verifier.decide(token, ADDRESS);
    }

    assertThat(store.queries).isOne();
    answerAll();
  }

  /**
   * Rule 5: without a lease nobody knows what has changed: only a query sent later may be shared.
   */
  @Test
  void withoutLeaseARequestSharesOnlyAQuerySentAfterItCame() {
    String token = newKey(null, null);
    level = Trust.Level.ASK;
    store.hold();
    Future<Verdict> first = verifier.decide(token, ADDRESS);
    Future<Verdict> second = verifier.decide(token, ADDRESS);
    Future<Verdict> third = verifier.decide(token, ADDRESS);
    assertThat(store.queries).isOne();

    store.answerOne();
    assertThat(first.isComplete()).isTrue();
    assertThat(second.isComplete()).isFalse();
    assertThat(store.queries).isEqualTo(2);
    store.answerOne();
    assertThat(second.isComplete()).isTrue();
    assertThat(third.isComplete()).isTrue();
  }

  @Test
  void withoutLeaseAHitIsAskedAgain() {
    String token = newKey(null, null);
    decide(token);
    level = Trust.Level.ASK;

    assertThat(verifier.decideNow(token, ADDRESS)).isNull();
    assertThat(decide(token).outcome()).isEqualTo(Outcome.ALLOWED);
    assertThat(store.queries).isEqualTo(2);
  }

  /** Rule 7. */
  @Test
  void withoutDatabaseVerifiedKeysAreServedAndUnknownOnesUndecided() {
    String known = newKey(null, null);
    String revoked = newKey(null, now);
    decide(known);
    decide(revoked);
    store.down(true);
    level = Trust.Level.LOST;

    assertThat(verifier.decideNow(known, ADDRESS)).isNotNull();
    assertThat(decide(revoked).outcome()).isEqualTo(Outcome.REVOKED);
    assertThat(failure(newKey(null, null)).code()).isEqualTo(Fault.Code.STORE_UNAVAILABLE);

    servesWithoutDatabase = false;
    assertThat(failure(known).code()).isEqualTo(Fault.Code.STORE_UNAVAILABLE);
  }

  /** A route may trust for less long than the others what was verified before. */
  @Test
  void tighterBoundOfARouteHoldsForRequestsAndStreams() {
    String token = newKey(null, null);
    decide(token);
    store.down(true);
    level = Trust.Level.LOST;
    lostFor = Duration.ofSeconds(30);
    long tight = lostFor.toNanos();

    assertThat(verifier.decideNow(token, ADDRESS, tight + 1)).isNotNull();
    assertThat(verifier.decideNow(token, ADDRESS, tight)).isNull();
    assertThat(verifier.decide(token, ADDRESS, tight + 1).succeeded()).isTrue();
    assertThat(verifier.decide(token, ADDRESS, tight).cause()).isInstanceOf(Fault.class);
    assertThat(verifier.watch(token, tight + 1).standing()).isEqualTo(Watch.Standing.GOOD);
    assertThat(verifier.watch(token, tight).standing()).isEqualTo(Watch.Standing.UNDECIDED);
  }

  /** The last thing known about this key is that it changed: that it was good is worth nothing. */
  @Test
  void keyThatChangedJustBeforeTheLossIsNotServed() {
    String token = newKey(null, null);
    decide(token);
    changes.keyChanged(tokens.stored(Tokens.sha256(token)).get(0));
    store.down(true);
    level = Trust.Level.LOST;

    assertThat(failure(token).code()).isEqualTo(Fault.Code.STORE_UNAVAILABLE);
  }

  @Test
  void failedQueryIsNotRemembered() {
    String token = newKey(null, null);
    store.down(true);
    assertThat(failure(token).code()).isEqualTo(Fault.Code.STORE_UNAVAILABLE);

    store.down(false);
    assertThat(decide(token).outcome()).isEqualTo(Outcome.ALLOWED);
  }

  /** A query that never ends would be shared for ever. */
  @Test
  void storeThatThrowsIsAskedAgain() {
    String token = newKey(null, null);
    store.throwing(true);
    assertThat(failure(token).code()).isEqualTo(Fault.Code.STORE_UNAVAILABLE);

    store.throwing(false);
    assertThat(decide(token).outcome()).isEqualTo(Outcome.ALLOWED);
  }

  @Test
  void failedQueryIsAnsweredByWhatALaterOneLearned() {
    String token = newKey(null, null);
    servesWithoutDatabase = false;
    store.hold();
    Future<Verdict> early = verifier.decide(token, ADDRESS);
    changes.keyChanged(tokens.stored(Tokens.sha256(token)).get(0));
    Future<Verdict> late = verifier.decide(token, ADDRESS);

    store.passOver();
    store.answerOne();
    store.failOne();

    assertThat(late.result().outcome()).isEqualTo(Outcome.ALLOWED);
    assertThat(early.result().outcome()).isEqualTo(Outcome.ALLOWED);
  }

  @Test
  void entryOlderThanItsTtlIsReadAgain() {
    String token = newKey(null, null);
    decide(token);
    nanos += CacheConfig.DEFAULT.ttl().toNanos();

    assertThat(decide(token).outcome()).isEqualTo(Outcome.ALLOWED);
    assertThat(store.queries).isEqualTo(2);
  }

  /** Under a lease too: nothing is known against it. */
  @Test
  void entryOlderThanItsTtlIsServedWhenItCannotBeReadAgain() {
    String token = newKey(null, null);
    decide(token);
    nanos += CacheConfig.DEFAULT.ttl().toNanos();
    store.down(true);

    assertThat(decide(token).outcome()).isEqualTo(Outcome.ALLOWED);
    servesWithoutDatabase = false;
    assertThat(verifier.decide(token, ADDRESS).failed()).isTrue();
  }

  @Test
  void keyInUseIsReadAgainBeforeItsTimeIsOver() {
    String token = keyDueToBeReadAgain();
    store.hold();

    assertThat(verifier.decideNow(token, ADDRESS)).isNotNull();
    assertThat(verifier.decideNow(token, ADDRESS)).isNotNull();
    assertThat(store.queries).isEqualTo(2);
    store.answerOne();
    nanos += TimeUnit.MINUTES.toNanos(1);

    assertThat(verifier.decideNow(token, ADDRESS)).isNotNull();
    assertThat(store.queries).isEqualTo(2);
  }

  /** What came together does not come together again. */
  @Test
  void keysReadTogetherAreReadAgainOneByOne() {
    List<String> all = Stream.generate(() -> newKey(null, null)).limit(800).toList();
    all.forEach(this::decide);
    nanos += TimeUnit.SECONDS.toNanos(149);
    all.forEach(token -> assertThat(verifier.decideNow(token, ADDRESS)).isNotNull());
    assertThat(store.queries).isEqualTo(800);

    int most = 0;
    for (int second = 150; second < 264; second++) {
      int before = store.queries;
      nanos += TimeUnit.SECONDS.toNanos(1);
      all.forEach(token -> assertThat(verifier.decideNow(token, ADDRESS)).isNotNull());
      most = Math.max(most, store.queries - before);
    }

    assertThat(store.queries).isEqualTo(1600);
    assertThat(most).isBetween(1, 40); // 7 a second, evenly spread
  }

  @Test
  void failedRenewalIsTriedAgainASecondLater() {
    String token = keyDueToBeReadAgain();
    store.down(true);

    for (int use = 0; use < 10; use++) {
      assertThat(verifier.decideNow(token, ADDRESS)).isNotNull();
    }
    assertThat(store.queries).isEqualTo(2);
    nanos += TimeUnit.SECONDS.toNanos(1);
    store.down(false);
    assertThat(verifier.decideNow(token, ADDRESS)).isNotNull();
    assertThat(verifier.decideNow(token, ADDRESS)).isNotNull();

    assertThat(store.queries).isEqualTo(3);
  }

  @Test
  void renewalsLeaveRoomForThoseWhoWait() {
    List<String> all = Stream.generate(() -> newKey(null, null)).limit(40).toList();
    all.forEach(this::decide);
    nanos += DUE_NANOS;
    store.hold();

    all.forEach(token -> assertThat(verifier.decideNow(token, ADDRESS)).isNotNull());

    assertThat(store.waiting()).isEqualTo(KeyLoads.MAX_RENEWING);
  }

  /** A renewal is a read like any other: a revocation that overtakes it counts. */
  @Test
  void keyRevokedWhileItIsReadAgainIsNotServed() {
    String token = keyDueToBeReadAgain();
    TokenHash stored = tokens.stored(Tokens.sha256(token)).get(0);
    store.hold();
    assertThat(verifier.decideNow(token, ADDRESS)).isNotNull();

    put(token, stored, null, now);
    changes.keyChanged(stored);
    store.answerOne(); // what it saw is from before the revocation

    assertThat(verifier.decideNow(token, ADDRESS)).isNull();
    store.answerOne();
    assertThat(verifier.decideNow(token, ADDRESS)).isEqualTo(Verdict.REVOKED);
  }

  @Test
  void nothingIsReadAgainWithoutALease() {
    String token = keyDueToBeReadAgain();
    level = Trust.Level.LOST;

    assertThat(verifier.decideNow(token, ADDRESS)).isNotNull();

    assertThat(store.queries).isOne();
  }

  @Test
  void keyUnderARetiredPepperMovesToTheCurrentOne() {
    String token = tokens.mint(TokenShape.MP);
    put(token, tokens.stored(Tokens.sha256(token)).get(1), null, null);

    assertThat(decide(token).outcome()).isEqualTo(Outcome.ALLOWED);
    assertThat(store.rehashed).hasSize(1).allMatch(row -> row.endsWith(PEPPER.fingerprint()));
  }

  @Test
  void importedKeysCostQueriesWithinABudget() {
    KeyVerifier accepting = verifier(true);
    String imported = "mgp_" + "ab".repeat(20);
    put(imported, tokens.stored(Tokens.sha256(imported)).get(0), null, null);

    assertThat(accepting.decide(imported, ADDRESS).result().outcome()).isEqualTo(Outcome.ALLOWED);
    int limited = 0;
    for (int i = 0; i < 100; i++) {
      String guess = "mgp_" + String.format("%040x", i);
      if (accepting.decide(guess, ADDRESS).result().outcome() == Outcome.LIMITED) {
        limited++;
      }
    }
    assertThat(limited).isBetween(70, 90);
    assertThat(accepting.decide(imported, ADDRESS).result().outcome()).isEqualTo(Outcome.ALLOWED);
  }

  /** Remembered or just read: an address that is not allowed is never let in. */
  @Test
  void keyBoundToAddressesIsForbiddenElsewhere() {
    String token = tokens.mint(TokenShape.MGP);
    TokenHash stored = tokens.stored(Tokens.sha256(token)).get(0);
    put(token, stored, null, null, new KeyPolicy(List.of("198.51.100.0/24"), null));

    assertThat(verifier.decide(token, ADDRESS).result()).isEqualTo(Verdict.FORBIDDEN);
    assertThat(verifier.decideNow(token, ADDRESS)).isEqualTo(Verdict.FORBIDDEN);
    assertThat(verifier.decideNow(token, "")).isEqualTo(Verdict.FORBIDDEN);
    Verdict near = verifier.decideNow(token, "198.51.100.9");
    assertThat(near).isNotNull();
    assertThat(near.outcome()).isEqualTo(Outcome.ALLOWED);
    level = Trust.Level.LOST;
    assertThat(verifier.decideNow(token, ADDRESS)).isEqualTo(Verdict.FORBIDDEN);
    assertThat(store.queries).isOne();
  }

  private String keyDueToBeReadAgain() {
    String token = newKey(null, null);
    decide(token);
    nanos += DUE_NANOS;
    return token;
  }

  private KeyVerifier verifier(boolean acceptUnchecked) {
    CacheConfig config =
        new CacheConfig(
            1000,
            CacheConfig.DEFAULT.ttl(),
            Duration.ofSeconds(30),
            OnDatabaseLoss.SERVE,
            Duration.ofMinutes(10));
    Trust trust =
        new Trust() {
          @Override
          public Level level(long nanoTime) {
            return level;
          }

          @Override
          public boolean servesWithoutDatabase(long nanoTime, long maxStaleNanos) {
            return servesWithoutDatabase && lostFor.toNanos() < maxStaleNanos;
          }
        };
    InstantSource databaseTime = () -> now;
    return new KeyVerifier(
        tokens,
        store,
        changes,
        trust,
        new KeyVerifier.Times(databaseTime, () -> nanos),
        config,
        acceptUnchecked,
        VerifyMetrics.NONE);
  }

  private Verdict decide(String token) {
    Future<Verdict> verdict = verifier.decide(token, ADDRESS);
    assertThat(verdict.succeeded()).as("decided").isTrue();
    return verdict.result();
  }

  private Fault failure(String token) {
    Future<Verdict> verdict = verifier.decide(token, ADDRESS);
    assertThat(verdict.failed()).as("undecided").isTrue();
    return (Fault) verdict.cause();
  }

  private void answerAll() {
    while (store.waiting() > 0) {
      store.answerOne();
    }
  }

  private String newKey(@Nullable Instant expiresAt, @Nullable Instant revokedAt) {
    String token = tokens.mint(TokenShape.MGP);
    put(token, tokens.stored(Tokens.sha256(token)).get(0), expiresAt, revokedAt);
    return token;
  }

  private void put(
      String token, TokenHash stored, @Nullable Instant expiresAt, @Nullable Instant revokedAt) {
    put(token, stored, expiresAt, revokedAt, KeyPolicy.NONE);
  }

  private void put(
      String token,
      TokenHash stored,
      @Nullable Instant expiresAt,
      @Nullable Instant revokedAt,
      KeyPolicy policy) {
    Principal principal =
        new Principal(
            Principal.Method.API_KEY,
            UUID.nameUUIDFromBytes(token.getBytes(java.nio.charset.StandardCharsets.UTF_8)),
            KeyKind.MGP,
            new UUID(1, 1),
            new UUID(2, 2),
            null,
            Set.of(),
            List.of(),
            null,
            true,
            policy);
    store.rows.put(stored, new StoredKey(principal, stored, expiresAt, revokedAt, null, false));
  }

  private static byte[] filled(int value) {
    byte[] bytes = new byte[32];
    java.util.Arrays.fill(bytes, (byte) value);
    return bytes;
  }
}
