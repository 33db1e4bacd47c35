// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.benchmarks;

import dev.maglatch.key.TokenHash;
import dev.maglatch.key.TokenShape;
import dev.maglatch.key.Tokens;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What a token costs before and without any cache. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TokenBenchmark {
  private Tokens tokens = new Fixture(0).tokens;
  private String token = "";
  private TokenHash hash = new TokenHash(0, 0, 0, 0);

  @Setup
  public void makeToken() {
    token = tokens.mint(TokenShape.MGP);
    hash = Tokens.sha256(token);
  }

  @Benchmark
  public boolean parseAndCheck() {
    return tokens.checked(token);
  }

  @Benchmark
  public TokenHash sha256() {
    return Tokens.sha256(token);
  }

  @Benchmark
  public List<TokenHash> pepperedHashes() {
    return tokens.stored(hash);
  }

  @Benchmark
  public String mint() {
    return tokens.mint(TokenShape.MGP);
  }
}
