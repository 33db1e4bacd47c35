// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import dev.maglatch.Await;
import dev.maglatch.fault.Fault;
import dev.maglatch.secret.SecretRing;
import dev.maglatch.session.SessionLookup.Standing;
import dev.maglatch.verify.CacheConfig;
import dev.maglatch.verify.ChangeClock;
import dev.maglatch.verify.KeyVerifier.Times;
import dev.maglatch.verify.Trust;
import dev.maglatch.verify.Verdict;
import dev.maglatch.verify.Verdict.Outcome;
import dev.maglatch.verify.VerifyMetrics;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class SessionVerifierTest {
  private static final String ADDRESS = "192.0.2.7";
  private static final String PUBLIC_URL = "https://api.example.com";
  private static final byte[] MASTER = new byte[32];
  private static final SecretRing RING = SecretRing.derive(List.of(MASTER));

  private Instant now = Instant.parse("2026-02-18T10:00:00Z");
  private long nanos = 1;
  private Trust.Level level = Trust.Level.TRUSTED;
  private boolean servesWithoutDatabase = true;

  private final FakeSessionLookup lookup = new FakeSessionLookup();
  private final ChangeClock changes = new ChangeClock();
  private final SessionAccount account = FakeSessionLookup.account(false);
  private final UUID family = UUID.randomUUID();
  private final SessionVerifier verifier = verifier(RING);

  SessionVerifierTest() {
    lookup.standings.put(family, new Standing(family, account, false));
  }

  @Test
  void ownTokenSpeaksForItsAccount() {
    Verdict verdict = decide(token(RING));

    assertThat(verdict.outcome()).isEqualTo(Outcome.ALLOWED);
    var principal = requireNonNull(verdict.principal());
    assertThat(principal.accountId()).isEqualTo(account.id());
    assertThat(principal.organizationId()).isEqualTo(account.organizationId());
    assertThat(principal.sessionId()).isEqualTo(family);
    assertThat(principal.owner()).isTrue();
    assertThat(principal.keyId()).isNull();
  }

  @Test
  void secondUseAsksNobody() {
    String token = token(RING);
    decide(token);

    assertThat(requireNonNull(verifier.decideNow(token, ADDRESS)).outcome())
        .isEqualTo(Outcome.ALLOWED);
    assertThat(decide(token).outcome()).isEqualTo(Outcome.ALLOWED);
    assertThat(lookup.queries).isOne();
  }

  @Test
  void tokenOfRetiredKeyIsStillGood() {
    SecretRing rotated = SecretRing.derive(List.of(new byte[33], MASTER));

    assertThat(decide(verifier(rotated), token(RING)).outcome()).isEqualTo(Outcome.ALLOWED);
    assertThat(decide(verifier(RING), token(rotated)).outcome()).isEqualTo(Outcome.UNKNOWN);
  }

  @Test
  void expiredTokenIsRefusedAlsoWhenItWasRemembered() {
    String token = token(RING);
    decide(token);
    now = now.plusSeconds(3599);
    assertThat(requireNonNull(verifier.decideNow(token, ADDRESS)).outcome())
        .isEqualTo(Outcome.ALLOWED);
    now = now.plusSeconds(1);

    assertThat(verifier.decideNow(token, ADDRESS)).isEqualTo(Verdict.EXPIRED);
    assertThat(decide(token)).isEqualTo(Verdict.EXPIRED);
  }

  /** Every trick is refused at once: no query, no cache entry, never a 5xx. */
  @Test
  void noTrickCostsAQuery() throws JOSEException, NoSuchAlgorithmException {
    byte[] key = RING.sessionKeys().get(0).reveal();
    var rsa = KeyPairGenerator.getInstance("RSA").generateKeyPair();

    refused(new PlainJWT(claims(all -> {})).serialize(), "alg none");
    refused(signed(JWSAlgorithm.HS256, new MACSigner(new byte[32]), all -> {}), "foreign key");
    refused(signed(JWSAlgorithm.RS256, new RSASSASigner(rsa.getPrivate()), all -> {}), "algorithm");
    refused(signed(JWSAlgorithm.HS512, new MACSigner(twice(key)), all -> {}), "other HMAC");
    refused(own(all -> all.expirationTime(null)), "no expiry");
    refused(own(all -> all.audience("somebody")), "audience");
    refused(own(all -> all.audience((String) null)), "no audience");
    refused(own(all -> all.issuer("https://evil.example")), "issuer");
    refused(own(all -> all.issuer(null)), "no issuer");
    refused(own(all -> all.subject(null)), "no subject");
    refused(own(all -> all.claim(AccessTokens.CLAIM_FAMILY, null)), "no family");
    refused(own(all -> all.claim(AccessTokens.CLAIM_FAMILY, 7)), "family of another type");
    refused(own(all -> all.claim("exp", "tomorrow")), "expiry of another type");
    refused(own(all -> all.notBeforeTime(in(Duration.ofMinutes(1)))), "not yet valid");
    refused(own(all -> all.expirationTime(in(Duration.ZERO))), "expired this second");
    refused(critical(key), "critical header");
    for (String junk : List.of("", ".", "..", "eyJ", "a.b.c", "eyJhbGciOiJIUzI1NiJ9..", "é.é.é")) {
      refused(junk, junk);
    }
    refused("eyJ" + "a".repeat(100_000) + ".a.a", "too long");
    refused(unsigned("{\"alg\":\"HS256\"}", "[".repeat(4000)), "deep");
    refused(unsigned("{\"alg\":\"HS256\",\"alg\":\"none\"}", "{}"), "two algorithms");
    assertThat(lookup.queries).isZero();
    assertThat(verifier.size()).isZero();
  }

  @Test
  void changedSignatureOrPayloadIsRefused() {
    String token = token(RING);

    for (int i = 0; i < token.length() - 1; i++) {
      char other = token.charAt(i) == 'A' ? 'B' : 'A';
      String changed = token.substring(0, i) + other + token.substring(i + 1);
      assertThat(requireNonNull(verifier.decideNow(changed, ADDRESS)).outcome())
          .as("character %d", i)
          .isNotEqualTo(Outcome.ALLOWED);
    }
    assertThat(lookup.queries).isZero();
  }

  @Test
  void endedSessionIsRefusedAtOnce() {
    String token = token(RING);
    decide(token);
    lookup.standings.put(family, new Standing(family, account, true));
    changes.ownerChanged(family);

    assertThat(verifier.decideNow(token, ADDRESS)).isNull();
    assertThat(decide(token)).isEqualTo(Verdict.REVOKED);
    assertThat(verifier.decideNow(token, ADDRESS)).isEqualTo(Verdict.REVOKED);
  }

  @Test
  void changeOfAccountOrOrganizationIsLookedAt() {
    String token = token(RING);
    decide(token);
    changes.ownerChanged(account.id());
    assertThat(verifier.decideNow(token, ADDRESS)).isNull();

    decide(token);
    changes.ownerChanged(account.organizationId());
    assertThat(verifier.decideNow(token, ADDRESS)).isNull();

    decide(token);
    changes.everythingChanged();
    assertThat(verifier.decideNow(token, ADDRESS)).isNull();
  }

  @Test
  void disabledAccountAndDeletedSessionAreRefused() {
    SessionAccount disabled = FakeSessionLookup.account(true);
    UUID itsFamily = UUID.randomUUID();
    lookup.standings.put(itsFamily, new Standing(itsFamily, disabled, false));

    assertThat(decide(token(RING, disabled, itsFamily))).isEqualTo(Verdict.REVOKED);
    assertThat(decide(token(RING, account, UUID.randomUUID()))).isEqualTo(Verdict.REVOKED);
    assertThat(decide(token(RING, disabled, family))).isEqualTo(Verdict.REVOKED);
  }

  /** The answer that was on its way says "good", the change that came meanwhile says otherwise. */
  @Test
  void loadThatAChangeOvertookIsNotBelieved() {
    String token = token(RING);
    lookup.meanwhile =
        () -> {
          lookup.standings.put(family, new Standing(family, account, true));
          changes.ownerChanged(family);
        };

    assertThat(decide(token)).isEqualTo(Verdict.REVOKED);
    assertThat(lookup.queries).isEqualTo(2);
  }

  @Test
  void storeThatCannotBeAskedIsNoVerdictAndIsAskedAgain() {
    String token = token(RING);
    lookup.down = true;
    Throwable failure = Await.failure(verifier.decide(token, "192.0.2.1"));
    lookup.down = false;

    assertThat(failure)
        .isInstanceOfSatisfying(
            Fault.class, fault -> assertThat(fault.code()).isEqualTo(Fault.Code.STORE_UNAVAILABLE));
    assertThat(decide(token).outcome()).isEqualTo(Outcome.ALLOWED);
  }

  @Test
  void withoutALeaseTheStoreIsAskedEachTime() {
    String token = token(RING);
    decide(token);
    level = Trust.Level.ASK;

    assertThat(verifier.decideNow(token, ADDRESS)).isNull();
    decide(token);
    assertThat(lookup.queries).isEqualTo(2);
  }

  @Test
  void lostDatabaseLeavesVerifiedSessionsWorkingWhileThatIsAllowed() {
    String token = token(RING);
    decide(token);
    level = Trust.Level.LOST;
    lookup.down = true;

    assertThat(requireNonNull(verifier.decideNow(token, ADDRESS)).outcome())
        .isEqualTo(Outcome.ALLOWED);
    servesWithoutDatabase = false;
    assertThat(verifier.decideNow(token, ADDRESS)).isNull();
    assertThat(Await.failure(verifier.decide(token, "192.0.2.1"))).isInstanceOf(Fault.class);
    assertThat(lookup.queries).isOne();
  }

  @Test
  void ownTokensAreRecognizedEvenWhenExpired() {
    String token = token(RING);
    now = now.plus(Duration.ofDays(2));

    assertThat(verifier.isOwn(token)).isTrue();
    assertThat(verifier.isOwn(token(SecretRing.derive(List.of(new byte[33]))))).isFalse();
    assertThat(verifier.isOwn("eyJ.junk.junk")).isFalse();
    assertThat(verifier.isOwn("mgp_x")).isFalse();
  }

  private void refused(String token, String why) {
    Verdict verdict = verifier.decideNow(token, ADDRESS);
    assertThat(verdict).as(why).isNotNull();
    assertThat(requireNonNull(verdict).outcome())
        .as(why)
        .isIn(Outcome.MALFORMED, Outcome.UNKNOWN, Outcome.EXPIRED);
    assertThat(decide(token)).as(why).isEqualTo(verdict);
  }

  private Verdict decide(String token) {
    return decide(verifier, token);
  }

  private static Verdict decide(SessionVerifier verifier, String token) {
    return Await.result(verifier.decide(token, "192.0.2.1"));
  }

  private String token(SecretRing ring) {
    return token(ring, account, family);
  }

  private String token(SecretRing ring, SessionAccount who, UUID family) {
    return new SessionTokens(PUBLIC_URL, ring, new SecureRandom(), () -> now)
        .grant(who, family, 0)
        .accessToken()
        .reveal();
  }

  private String own(Consumer<JWTClaimsSet.Builder> change) throws JOSEException {
    byte[] key = RING.sessionKeys().get(0).reveal();
    return signed(JWSAlgorithm.HS256, new MACSigner(key), change);
  }

  private String signed(
      JWSAlgorithm algorithm, JWSSigner signer, Consumer<JWTClaimsSet.Builder> change)
      throws JOSEException {
    SignedJWT jwt = new SignedJWT(new JWSHeader(algorithm), claims(change));
    jwt.sign(signer);
    return jwt.serialize();
  }

  private JWTClaimsSet claims(Consumer<JWTClaimsSet.Builder> change) {
    JWTClaimsSet.Builder claims =
        new JWTClaimsSet.Builder()
            .issuer(PUBLIC_URL)
            .subject(account.id().toString())
            .audience(AccessTokens.AUDIENCE)
            .expirationTime(in(Duration.ofHours(1)))
            .claim(AccessTokens.CLAIM_FAMILY, family.toString());
    change.accept(claims);
    return claims.build();
  }

  private String critical(byte[] key) throws JOSEException {
    JWSHeader header =
        new JWSHeader.Builder(JWSAlgorithm.HS256).criticalParams(Set.of("x")).build();
    String head = header.toBase64URL().toString();
    String body = claims(all -> {}).toPayload().toBase64URL().toString();
    var signature = new MACSigner(key).sign(new JWSHeader(JWSAlgorithm.HS256), bytes(head, body));
    return head + "." + body + "." + signature;
  }

  private static byte[] bytes(String head, String body) {
    return (head + "." + body).getBytes(UTF_8);
  }

  private static String unsigned(String header, String payload) {
    Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
    return base64.encodeToString(header.getBytes(UTF_8))
        + "."
        + base64.encodeToString(payload.getBytes(UTF_8))
        + ".AAAA";
  }

  private Date in(Duration later) {
    return Date.from(now.plus(later));
  }

  private static byte[] twice(byte[] key) {
    byte[] longer = Arrays.copyOf(key, 2 * key.length);
    System.arraycopy(key, 0, longer, key.length, key.length);
    return longer;
  }

  private SessionVerifier verifier(SecretRing ring) {
    SessionTokens tokens = new SessionTokens(PUBLIC_URL, ring, new SecureRandom(), () -> now);
    return new SessionVerifier(
        tokens.reader(OutsideIssuers.none()),
        lookup,
        new NoAccounts(),
        changes,
        trust(),
        new Times(() -> now, () -> nanos),
        CacheConfig.DEFAULT,
        VerifyMetrics.NONE);
  }

  private Trust trust() {
    return new Trust() {
      @Override
      public Level level(long nanoTime) {
        return level;
      }

      @Override
      public boolean servesWithoutDatabase(long nanoTime, long maxStaleNanos) {
        return servesWithoutDatabase;
      }
    };
  }
}
