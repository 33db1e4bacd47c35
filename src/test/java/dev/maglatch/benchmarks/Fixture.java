// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.benchmarks;

import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.Principals;
import dev.maglatch.key.TokenHash;
import dev.maglatch.key.TokenShape;
import dev.maglatch.key.Tokens;
import dev.maglatch.secret.SecretRing;
import dev.maglatch.verify.CacheConfig;
import dev.maglatch.verify.ChangeClock;
import dev.maglatch.verify.FixedTrust;
import dev.maglatch.verify.KeyStore;
import dev.maglatch.verify.KeyVerifier;
import dev.maglatch.verify.StoredKey;
import dev.maglatch.verify.Trust;
import dev.maglatch.verify.VerifyMetrics;
import io.vertx.core.Future;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Keys in memory and a verifier that knows them, as a gateway with a lease has it. */
final class Fixture {
  static final String ADDRESS = "192.0.2.7";

  final Tokens tokens;
  final List<String> texts = new ArrayList<>();
  final KeyVerifier verifier;
  private final Map<TokenHash, StoredKey> rows = new HashMap<>();

  Fixture(int keys) {
    SecretRing ring = SecretRing.derive(List.of(new byte[32]));
    tokens = new Tokens(new SecureRandom(), ring.checkKeys(), ring.peppers());
    for (int i = 0; i < keys; i++) {
      String token = tokens.mint(TokenShape.MGP);
      TokenHash stored = tokens.storedNow(Tokens.sha256(token));
      texts.add(token);
      rows.put(
          stored,
          new StoredKey(
              Principals.ofKey(UUID.randomUUID(), KeyPolicy.NONE),
              stored,
              null,
              null,
              null,
              false));
    }
    verifier =
        new KeyVerifier(
            tokens,
            store(),
            new ChangeClock(),
            new FixedTrust(Trust.Level.TRUSTED, true),
            new KeyVerifier.Times(InstantSource.system(), System::nanoTime),
            CacheConfig.DEFAULT,
            false,
            VerifyMetrics.NONE);
    for (String text : texts) {
      verifier.decide(text, ADDRESS).toCompletionStage().toCompletableFuture().join();
    }
  }

  private KeyStore store() {
    return new KeyStore() {
      @Override
      public Future<Optional<StoredKey>> find(List<TokenHash> candidates) {
        return Future.succeededFuture(
            candidates.stream().filter(rows::containsKey).map(rows::get).findFirst());
      }

      @Override
      public Future<Void> rehash(UUID keyId, TokenHash from, TokenHash to, String pepper) {
        return Future.succeededFuture();
      }
    };
  }
}
