// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.key.KeyKind;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.Principal;
import dev.maglatch.key.TokenHash;
import dev.maglatch.key.TokenShape;
import dev.maglatch.key.Tokens;
import dev.maglatch.secret.SecretRing.SecretKeyBytes;
import dev.maglatch.verify.Verdict.Outcome;
import dev.maglatch.verify.Watch.Standing;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Rule 8: what is thought of the credential of an open stream, and when the store is asked. */
class WatchTest {
  private static final SecretKeyBytes KEY = new SecretKeyBytes(new byte[32]);
  private static final UUID ID = UUID.randomUUID();

  private final Tokens tokens = new Tokens(new SecureRandom(), List.of(KEY), List.of(KEY));
  private final String token = tokens.mint(TokenShape.MGP);
  private final TokenHash stored = tokens.stored(Tokens.sha256(token)).get(0);
  private final FakeKeyStore store = new FakeKeyStore();
  private final ChangeClock changes = new ChangeClock();
  private Trust.Level level = Trust.Level.TRUSTED;
  private boolean servesWithoutDatabase = true;
  private long nanos = 1;
  private Instant now = Instant.parse("2026-02-18T10:00:00Z");
  private final KeyVerifier verifier =
      new KeyVerifier(
          tokens,
          store,
          changes,
          new TestTrust(),
          new KeyVerifier.Times(() -> now, () -> nanos),
          CacheConfig.DEFAULT,
          false,
          VerifyMetrics.NONE);

  @BeforeEach
  void useOnce() {
    put(null, null);
    assertThat(verifier.decide(token, "").result().outcome()).isEqualTo(Outcome.ALLOWED);
  }

  @Test
  void nothingIsAskedWhileNothingChanges() {
    Watch watch = verifier.watch(token, CredentialVerifier.AS_CONFIGURED);

    for (int i = 0; i < 100; i++) {
      assertThat(watch.standing()).isEqualTo(Standing.GOOD);
      changes.keyChanged(new TokenHash(1, 2, 3, stored.d() + 1)); // somebody else's
    }
    assertThat(store.queries).isOne();
  }

  @Test
  void revocationIsLearnedByOneQueryForAllStreams() {
    List<Watch> watches = List.of(watch(), watch(), watch());
    put(null, now);
    changes.keyChanged(stored);
    store.hold();

    watches.forEach(watch -> assertThat(watch.standing()).isEqualTo(Standing.ASK));
    watches.forEach(Watch::ask);
    store.answerOne();

    watches.forEach(watch -> assertThat(watch.standing()).isEqualTo(Standing.BAD));
    assertThat(watches.get(0).verdict()).isEqualTo(Verdict.REVOKED);
    assertThat(store.queries).isEqualTo(2);
  }

  /** What a request has learned meanwhile is enough for the streams. */
  @Test
  void requestsAndStreamsLearnFromEachOther() {
    Watch watch = watch();
    changes.keyChanged(stored);
    assertThat(verifier.decide(token, "").result().outcome()).isEqualTo(Outcome.ALLOWED);

    assertThat(watch.standing()).isEqualTo(Standing.GOOD);
    assertThat(store.queries).isEqualTo(2);
  }

  @Test
  void deletedKeyIsBad() {
    Watch watch = watch();
    store.rows.clear();
    changes.keyChanged(stored);

    assertThat(watch.standing()).isEqualTo(Standing.ASK);
    watch.ask();

    assertThat(watch.standing()).isEqualTo(Standing.BAD);
    assertThat(watch.verdict()).isEqualTo(Verdict.UNKNOWN);
  }

  /** Rule 9: by the database's clock, and without a query. */
  @Test
  void expiryPasses() {
    put(now.plusSeconds(10), null);
    changes.keyChanged(stored);
    Watch watch = watch();
    watch.ask();
    assertThat(watch.standing()).isEqualTo(Standing.GOOD);

    now = now.plusSeconds(10);

    assertThat(watch.standing()).isEqualTo(Standing.BAD);
    assertThat(watch.verdict()).isEqualTo(Verdict.EXPIRED);
  }

  @Test
  void oldEvidenceIsRenewed() {
    Watch watch = watch();
    nanos += CacheConfig.DEFAULT.ttl().toNanos();

    assertThat(watch.standing()).isEqualTo(Standing.ASK);
    watch.ask();

    assertThat(watch.standing()).isEqualTo(Standing.GOOD);
  }

  /** Rule 7: a lost lease is no reason to ask for every stream, and none to end one. */
  @Test
  void lostLeaseAndLostDatabaseEndNoStreamAndAskNothing() {
    Watch watch = watch();
    level = Trust.Level.ASK;
    assertThat(watch.standing()).isEqualTo(Standing.GOOD);
    level = Trust.Level.LOST;
    assertThat(watch.standing()).isEqualTo(Standing.GOOD);
    changes.everythingChanged(); // the server is in recovery, say
    assertThat(watch.standing()).isEqualTo(Standing.GOOD);
    nanos += Duration.ofMinutes(9).toNanos();
    assertThat(watch.standing()).isEqualTo(Standing.GOOD);
    assertThat(store.queries).isOne();
  }

  /** Rule 7: nobody is served for ever on what was known once. */
  @Test
  void streamIsUndecidedOnceRequestsAre() {
    Watch watch = watch();
    level = Trust.Level.LOST;
    servesWithoutDatabase = false;

    assertThat(watch.standing()).isEqualTo(Standing.UNDECIDED);
  }

  /** That this key was changed is known, and how cannot be asked: requests get 503 as well. */
  @Test
  void keyNamedByAChangeBeforeTheLossIsUndecided() {
    Watch watch = watch();
    changes.keyChanged(stored);
    level = Trust.Level.LOST;

    assertThat(watch.standing()).isEqualTo(Standing.UNDECIDED);
  }

  @Test
  void failedQueryLeavesTheQuestionOpen() {
    Watch watch = watch();
    changes.keyChanged(stored);
    store.down(true);

    assertThat(watch.ask().failed()).isTrue();

    assertThat(watch.standing()).isEqualTo(Standing.ASK);
  }

  private Watch watch() {
    return verifier.watch(token, CredentialVerifier.AS_CONFIGURED);
  }

  private void put(@Nullable Instant expiresAt, @Nullable Instant revokedAt) {
    Principal principal =
        new Principal(
            Principal.Method.API_KEY,
            ID,
            KeyKind.ORG,
            ID,
            ID,
            null,
            Set.of(),
            List.of(),
            null,
            true,
            KeyPolicy.NONE);
    store.rows.put(stored, new StoredKey(principal, stored, expiresAt, revokedAt, null, false));
  }

  /** Whatever the test says. */
  private final class TestTrust implements Trust {
    @Override
    public Level level(long nanoTime) {
      return level;
    }

    @Override
    public boolean servesWithoutDatabase(long nanoTime, long maxStaleNanos) {
      return servesWithoutDatabase;
    }
  }
}
