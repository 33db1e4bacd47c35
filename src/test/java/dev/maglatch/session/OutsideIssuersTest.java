// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import dev.maglatch.Await;
import dev.maglatch.fault.Fault;
import dev.maglatch.secret.SecretRing;
import dev.maglatch.session.IssuerConfig.Algorithm;
import dev.maglatch.verify.CacheConfig;
import dev.maglatch.verify.ChangeClock;
import dev.maglatch.verify.FixedTrust;
import dev.maglatch.verify.KeyVerifier.Times;
import dev.maglatch.verify.Verdict;
import dev.maglatch.verify.Verdict.Outcome;
import dev.maglatch.verify.VerifyMetrics;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SelfSignedCertificate;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tokens of outside issuers, with keys from a real server that changes and goes away. */
class OutsideIssuersTest {
  private static final String ADDRESS = "192.0.2.7";
  private static final String ISSUER = "https://id.example.com";
  private static final String AUDIENCE = "my-api";
  private static final Vertx vertx = Vertx.vertx();
  private static final RSAKey OLD = rsa("old");
  private static final RSAKey NEW = rsa("new");

  private final Instant now = Instant.parse("2026-02-18T10:00:00Z");
  private final AtomicLong nanos = new AtomicLong(1);
  private final FakeSessionLookup lookup = new FakeSessionLookup();
  private final NoAccounts accounts = new NoAccounts();
  private final ChangeClock changes = new ChangeClock();
  private final JwksServer server = new JwksServer(vertx);
  private final SessionVerifier verifier = verifier(config(Algorithm.RS256, false));

  @BeforeEach
  void publish() {
    server.publish(OLD.toPublicJWK());
    lookup.linked.put(ISSUER + " ann", FakeSessionLookup.account(false));
  }

  @AfterEach
  void closeServer() {
    server.close();
  }

  @AfterAll
  static void stop() {
    Await.result(vertx.close());
  }

  @Test
  void linkedSubjectIsASession() {
    String token = token(OLD);

    Verdict verdict = decide(token);

    assertThat(verdict.outcome()).isEqualTo(Outcome.ALLOWED);
    assertThat(requireNonNull(verdict.principal()).sessionId()).isNull();
    assertThat(requireNonNull(verifier.decideNow(token, ADDRESS)).outcome())
        .isEqualTo(Outcome.ALLOWED);
    assertThat(lookup.queries).isOne();
    assertThat(server.requests.get()).isOne();
  }

  @Test
  void unseenSubjectIsNobodyUnlessAccountsAreMade() throws JOSEException {
    String stranger = signed(OLD, claims -> claims.subject("bob"));
    assertThat(decide(stranger)).isEqualTo(Verdict.UNKNOWN);
    assertThat(accounts.provisioned).isEmpty();

    SessionVerifier open = verifier(config(Algorithm.RS256, true));
    assertThat(decide(open, stranger).outcome()).isEqualTo(Outcome.ALLOWED);
    String named =
        signed(
            OLD,
            claims ->
                claims
                    .subject("eve")
                    .claim("email", "Eve@Example.com")
                    .claim("email_verified", true));
    decide(open, named);
    decide(open, signed(OLD, claims -> claims.subject("joe").claim("email", "joe@example.com")));
    assertThat(accounts.provisioned)
        .containsExactly(
            ISSUER + " bob null", ISSUER + " eve eve@example.com", ISSUER + " joe null");
  }

  /** Making the account is no change that the feed tells of, so strangers are soon asked about. */
  @Test
  void strangerIsRememberedForSecondsOnly() throws JOSEException {
    String stranger = signed(OLD, claims -> claims.subject("bob"));
    decide(stranger);
    decide(stranger);
    assertThat(lookup.queries).isOne();
    lookup.linked.put(ISSUER + " bob", FakeSessionLookup.account(false));
    later(Duration.ofSeconds(5));

    assertThat(decide(stranger).outcome()).isEqualTo(Outcome.ALLOWED);
  }

  @Test
  void noTrickIsTakenForASignature() throws JOSEException {
    byte[] publicKey = OLD.toRSAPublicKey().getEncoded();
    ECKey ec = ec("old");

    refused(signed(NEW, claims -> {}), "key of somebody else");
    refused(
        signed(new JWSHeader(JWSAlgorithm.HS256), new MACSigner(publicKey), claims -> {}),
        "public key as HMAC key");
    refused(signed(header(JWSAlgorithm.ES256, "old"), new ECDSASigner(ec), claims -> {}), "ES256");
    refused(
        signed(header(JWSAlgorithm.RS512, "old"), new RSASSASigner(OLD), claims -> {}), "RS512");
    refused(new PlainJWT(claims(claims -> {})).serialize(), "alg none");
    refused(signed(OLD, claims -> claims.audience("other")), "audience");
    refused(signed(OLD, claims -> claims.issuer("https://other.example")), "issuer");
    refused(signed(OLD, claims -> claims.expirationTime(null)), "no expiry");
    refused(signed(OLD, claims -> claims.expirationTime(Date.from(now))), "expired");
    refused(signed(OLD, claims -> claims.notBeforeTime(Date.from(now.plusSeconds(60)))), "not yet");
    refused(signed(OLD, claims -> claims.subject("")), "no subject");
    refused(signed(OLD, claims -> claims.subject("a\0b")), "NUL");
    assertThat(lookup.queries).isZero();
  }

  @Test
  void rotatedKeyIsFetchedWhenItIsFirstSeen() {
    decide(token(OLD));
    server.publish(OLD.toPublicJWK(), NEW.toPublicJWK());

    assertThat(decide(token(NEW)).outcome()).isEqualTo(Outcome.ALLOWED);
    assertThat(server.requests.get()).isEqualTo(2);
  }

  /** Whoever invents key names must not make us flood the issuer. */
  @Test
  void inventedKeyNamesCostABoundedNumberOfRequests() throws JOSEException {
    for (int i = 0; i < 50; i++) {
      RSAKey named = new RSAKey.Builder(NEW).keyID("invented-" + i).build();
      assertThat(decide(signed(named, claims -> {})).outcome()).isEqualTo(Outcome.UNKNOWN);
    }

    assertThat(server.requests.get()).isLessThanOrEqualTo(6);
    assertThat(decide(token(OLD)).outcome()).isEqualTo(Outcome.ALLOWED);
  }

  @Test
  void keyThatTheIssuerTookBackGoesHereToo() {
    decide(token(OLD));
    server.publish(NEW.toPublicJWK());
    later(FetchedKeys.RENEW_AFTER.plusSeconds(1));
    decide(token(OLD)); // begins the renewal, and does not wait for it
    decide(token(NEW)); // joins or follows it

    assertThat(decide(signedLater(OLD)).outcome()).isEqualTo(Outcome.UNKNOWN);
  }

  @Test
  void unreachableIssuerWithoutKnownKeysIsUndecided() {
    server.goAway();

    assertUndecided(token(OLD));
    server.comeBack();
    later(Duration.ofSeconds(5));
    assertThat(decide(token(OLD)).outcome()).isEqualTo(Outcome.ALLOWED);
  }

  @Test
  void unreachableIssuerWithKnownKeysChangesNothing() {
    decide(token(OLD));
    server.goAway();
    later(FetchedKeys.RENEW_AFTER.plusSeconds(1));

    assertThat(decide(signedLater(OLD)).outcome()).isEqualTo(Outcome.ALLOWED);
    assertUndecided(token(NEW));
    server.comeBack();
  }

  @Test
  void answerThatIsNoKeySetIsUndecided() {
    List<Consumer<JwksServer>> manners =
        List.of(
            bad -> bad.answer("nonsense"),
            bad -> bad.answer("{}"),
            bad -> bad.answer("{\"keys\":7}"),
            bad -> bad.manners = request -> request.response().setStatusCode(500).end(),
            bad -> bad.manners = request -> request.connection().close(),
            bad -> bad.manners = OutsideIssuersTest::endless,
            bad ->
                bad.manners =
                    request ->
                        request
                            .response()
                            .setStatusCode(302)
                            .putHeader("Location", "/jwks.json")
                            .end());
    for (Consumer<JwksServer> manner : manners) {
      later(Duration.ofSeconds(60));
      manner.accept(server);
      assertUndecided(token(OLD));
    }
    later(Duration.ofSeconds(60));
    publish();
    assertThat(decide(token(OLD)).outcome()).isEqualTo(Outcome.ALLOWED);
  }

  @Test
  void issuerThatNeverAnswersIsGivenUp() {
    server.manners = request -> {};

    assertUndecided(token(OLD));
  }

  /** Whoever can stand in for the key server can sign as anybody. */
  @Test
  void keyServerWithACertificateThatNobodyVouchesForIsNotBelieved() {
    SelfSignedCertificate certificate = SelfSignedCertificate.create("127.0.0.1");
    HttpServer impostor =
        Await.result(
            vertx
                .createHttpServer(
                    new HttpServerOptions()
                        .setSsl(true)
                        .setKeyCertOptions(certificate.keyCertOptions()))
                .requestHandler(
                    request -> request.response().end(new JWKSet(OLD.toPublicJWK()).toString(true)))
                .listen(0, "127.0.0.1"));
    URI url = URI.create("https://127.0.0.1:" + impostor.actualPort() + "/jwks.json");
    IssuerConfig config = new IssuerConfig(ISSUER, url, null, AUDIENCE, Algorithm.RS256, false);

    Throwable failure = Await.failure(verifier(config).decide(token(OLD), "192.0.2.1"));

    assertThat(failure).isInstanceOf(Fault.class).hasMessageContaining("SSLHandshakeException");
    Await.result(impostor.close());
    certificate.delete();
  }

  @Test
  void brokenOrForeignKeysDoNotSpoilTheSet() {
    String good = OLD.toPublicJWK().toJSONString();
    server.answer(
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"!\",\"e\":\"AQAB\"},{\"kty\":\"oct\",\"k\":\"AAAA\"},"
            + "{\"kty\":\"XYZ\"},"
            + good
            + "]}");

    assertThat(decide(token(OLD)).outcome()).isEqualTo(Outcome.ALLOWED);
  }

  @Test
  void keysForOtherUsesAreNotUsed() throws JOSEException {
    server.publish(
        new RSAKey.Builder(NEW.toPublicJWK()).keyUse(KeyUse.ENCRYPTION).build(),
        new RSAKey.Builder(OLD.toPublicJWK()).algorithm(JWSAlgorithm.RS512).build());

    assertThat(decide(token(NEW)).outcome()).isEqualTo(Outcome.UNKNOWN);
    assertThat(decide(token(OLD)).outcome()).isEqualTo(Outcome.UNKNOWN);
  }

  @Test
  void ellipticCurveIssuersWorkToo() throws JOSEException {
    ECKey key = ec("curve");
    server.publish(key.toPublicJWK());
    SessionVerifier curved = verifier(config(Algorithm.ES256, false));

    String token = signed(header(JWSAlgorithm.ES256, "curve"), new ECDSASigner(key), c -> {});

    assertThat(decide(curved, token).outcome()).isEqualTo(Outcome.ALLOWED);
    assertThat(decide(curved, token(OLD)).outcome()).isEqualTo(Outcome.UNKNOWN);
  }

  @Test
  void fixedKeyNeedsNoServer() throws JOSEException {
    IssuerConfig fixed =
        new IssuerConfig(ISSUER, null, OLD.toPublicKey(), AUDIENCE, Algorithm.RS256, false);
    SessionVerifier offline = verifier(fixed);

    assertThat(decide(offline, token(OLD)).outcome()).isEqualTo(Outcome.ALLOWED);
    assertThat(requireNonNull(offline.decideNow(token(NEW), ADDRESS))).isEqualTo(Verdict.UNKNOWN);
    assertThat(server.requests.get()).isZero();
  }

  @Test
  void manyFirstTokensShareOneFetch() throws JOSEException {
    List<Future<Verdict>> racing = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      String token = signed(OLD, claims -> claims.jwtID("x" + racing.size()));
      racing.add(verifier.decide(token, "192.0.2.1"));
    }
    racing.forEach(each -> assertThat(Await.result(each).outcome()).isEqualTo(Outcome.ALLOWED));

    assertThat(server.requests.get()).isOne();
  }

  private void refused(String token, String why) {
    assertThat(decide(token).outcome())
        .as(why)
        .isIn(Outcome.UNKNOWN, Outcome.EXPIRED, Outcome.MALFORMED);
  }

  private void assertUndecided(String token) {
    assertThat(Await.failure(verifier.decide(token, "192.0.2.1")))
        .isInstanceOfSatisfying(
            Fault.class, fault -> assertThat(fault.code()).isEqualTo(Fault.Code.STORE_UNAVAILABLE));
  }

  private Verdict decide(String token) {
    return decide(verifier, token);
  }

  private static Verdict decide(SessionVerifier verifier, String token) {
    return Await.result(verifier.decide(token, "192.0.2.1"));
  }

  private void later(Duration duration) {
    nanos.addAndGet(duration.toNanos());
  }

  private static void endless(HttpServerRequest request) {
    request.response().setChunked(true);
    Buffer much = Buffer.buffer(new byte[100_000]);
    for (int i = 0; i < 4; i++) {
      request.response().write(much);
    }
  }

  private String token(RSAKey key) {
    try {
      return signed(key, claims -> {});
    } catch (JOSEException broken) {
      throw new AssertionError(broken);
    }
  }

  /** Another token than {@link #token}, so that the first one's verdict is not remembered. */
  private String signedLater(RSAKey key) {
    try {
      return signed(key, claims -> claims.jwtID("later"));
    } catch (JOSEException broken) {
      throw new AssertionError(broken);
    }
  }

  private String signed(RSAKey key, Consumer<JWTClaimsSet.Builder> change) throws JOSEException {
    return signed(header(JWSAlgorithm.RS256, key.getKeyID()), new RSASSASigner(key), change);
  }

  private String signed(JWSHeader header, JWSSigner signer, Consumer<JWTClaimsSet.Builder> change)
      throws JOSEException {
    SignedJWT jwt = new SignedJWT(header, claims(change));
    jwt.sign(signer);
    return jwt.serialize();
  }

  private JWTClaimsSet claims(Consumer<JWTClaimsSet.Builder> change) {
    JWTClaimsSet.Builder claims =
        new JWTClaimsSet.Builder()
            .issuer(ISSUER)
            .subject("ann")
            .audience(List.of("somebody", AUDIENCE))
            .expirationTime(Date.from(now.plusSeconds(600)));
    change.accept(claims);
    return claims.build();
  }

  private static JWSHeader header(JWSAlgorithm algorithm, @Nullable String kid) {
    return new JWSHeader.Builder(algorithm).keyID(kid).build();
  }

  private IssuerConfig config(Algorithm algorithm, boolean autoProvision) {
    return new IssuerConfig(ISSUER, server.url(), null, AUDIENCE, algorithm, autoProvision);
  }

  private SessionVerifier verifier(IssuerConfig issuer) {
    SecretRing ring = SecretRing.derive(List.of(new byte[32]));
    SessionTokens tokens =
        new SessionTokens("https://api.example.com", ring, new SecureRandom(), () -> now);
    OutsideIssuers issuers =
        OutsideIssuers.of(vertx, List.of(issuer), nanos::get, SessionMetrics.NONE);
    return new SessionVerifier(
        tokens.reader(issuers),
        lookup,
        accounts,
        changes,
        FixedTrust.LEASED,
        new Times(() -> now, nanos::get),
        CacheConfig.DEFAULT,
        VerifyMetrics.NONE);
  }

  private static RSAKey rsa(String kid) {
    try {
      return new RSAKeyGenerator(2048).keyID(kid).generate();
    } catch (JOSEException broken) {
      throw new AssertionError(broken);
    }
  }

  private static ECKey ec(String kid) throws JOSEException {
    return new ECKeyGenerator(Curve.P_256).keyID(kid).generate();
  }
}
