// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.benchmarks;

import static java.util.Objects.requireNonNull;

import dev.maglatch.http.BearerToken;
import dev.maglatch.key.Principal;
import dev.maglatch.key.TokenShape;
import dev.maglatch.key.Tokens;
import dev.maglatch.secret.SecretRing;
import dev.maglatch.verify.Verdict;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import java.security.SecureRandom;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** From the header fields of a request to its verdict. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class VerdictBenchmark {
  private static final Set<String> SCOPES = Set.of(Principal.SCOPE_READ);

  /** One key stays in the processor's cache, ten thousand do not. */
  @Param({"1", "10000"})
  public int keys;

  private Fixture fixture = new Fixture(0);
  private MultiMap[] requests = new MultiMap[0];
  private String forged = "";
  private int at;

  @Setup
  public void fill() {
    fixture = new Fixture(keys);
    requests = new MultiMap[keys];
    for (int i = 0; i < keys; i++) {
      requests[i] =
          HttpHeaders.headers()
              .add("Host", "api.example.com")
              .add("User-Agent", "benchmark")
              .add("Accept", "*/*")
              .add("Authorization", "Bearer " + fixture.texts.get(i));
    }
    SecretRing other = SecretRing.derive(List.of(new byte[] {1, 2, 3}));
    forged =
        new Tokens(new SecureRandom(), other.checkKeys(), other.peppers()).mint(TokenShape.MGP);
  }

  private int next() {
    at = at + 1 == keys ? 0 : at + 1;
    return at;
  }

  /** Cache hit: shape, hash, lookup, state at this instant. */
  @Benchmark
  public @Nullable Verdict hit() {
    return fixture.verifier.decideNow(fixture.texts.get(next()), Fixture.ADDRESS);
  }

  /** As {@link #hit}, with reading the header and the policy of a route. */
  @Benchmark
  public boolean wholeVerdict() {
    BearerToken token = BearerToken.of(requests[next()]);
    Verdict verdict =
        requireNonNull(fixture.verifier.decideNow(token.text(), Fixture.ADDRESS), "verdict");
    Principal principal = verdict.principal();
    return principal != null && principal.satisfiesAny(SCOPES) && !principal.readOnly();
  }

  /** A well-formed token that nobody issued: refused by its check bytes. */
  @Benchmark
  public @Nullable Verdict forged() {
    return fixture.verifier.decideNow(forged, Fixture.ADDRESS);
  }

  /** The policy alone. */
  @Benchmark
  public boolean policy() {
    Verdict verdict =
        requireNonNull(
            fixture.verifier.decideNow(fixture.texts.get(0), Fixture.ADDRESS), "verdict");
    return requireNonNull(verdict.principal(), "principal").satisfiesAny(SCOPES);
  }
}
