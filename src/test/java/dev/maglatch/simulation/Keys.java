// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.simulation;

import dev.maglatch.key.KeyKind;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.Principal;
import dev.maglatch.key.TokenHash;
import dev.maglatch.key.TokenShape;
import dev.maglatch.key.Tokens;
import dev.maglatch.secret.SecretRing.SecretKeyBytes;
import dev.maglatch.verify.StoredKey;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;

/** The keys of every schedule: always the same, so that a seed decides everything. */
final class Keys {
  static final int COUNT = 4;
  static final int OWNERS = 2;
  private static final UUID ORGANIZATION = new UUID(7, 7);

  private final Tokens tokens =
      new Tokens(
          new Fixed(),
          List.of(new SecretKeyBytes(new byte[32])),
          List.of(new SecretKeyBytes(new byte[32])));
  private final List<String> texts = new ArrayList<>();
  private final List<TokenHash> stored = new ArrayList<>();
  private final Map<TokenHash, Integer> numbers = new HashMap<>();

  Keys() {
    for (int key = 0; key < COUNT; key++) {
      String text = tokens.mint(TokenShape.MGP);
      TokenHash hash = tokens.storedNow(Tokens.sha256(text));
      texts.add(text);
      stored.add(hash);
      numbers.put(hash, key);
    }
  }

  Tokens tokens() {
    return tokens;
  }

  String token(int key) {
    return texts.get(key);
  }

  TokenHash stored(int key) {
    return stored.get(key);
  }

  int numberOf(TokenHash hash) {
    Integer number = numbers.get(hash);
    if (number == null) {
      throw new IllegalArgumentException("nobody's hash " + hash);
    }
    return number;
  }

  static UUID id(int key) {
    return new UUID(1, key);
  }

  static int ownerOf(int key) {
    return key % OWNERS;
  }

  static UUID ownerId(int owner) {
    return new UUID(2, owner);
  }

  Optional<StoredKey> stored(int key, Database.KeyRow row) {
    if (!row.present()) {
      return Optional.empty();
    }
    Principal principal =
        new Principal(
            Principal.Method.API_KEY,
            id(key),
            KeyKind.MGP,
            ownerId(ownerOf(key)),
            ORGANIZATION,
            null,
            Set.of(),
            List.of(),
            null,
            true,
            KeyPolicy.NONE);
    return Optional.of(
        new StoredKey(
            principal,
            stored(key),
            null,
            row.revoked() ? Instant.EPOCH : null,
            null,
            row.ownerDisabled()));
  }

  /** Not random at all. */
  private static final class Fixed extends SecureRandom {
    private static final long serialVersionUID = 1;
    private final Random fixed = new Random(4);

    @Override
    public void nextBytes(byte[] bytes) {
      fixed.nextBytes(bytes);
    }
  }
}
