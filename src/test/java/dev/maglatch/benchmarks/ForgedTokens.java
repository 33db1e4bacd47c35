// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.benchmarks;

import dev.maglatch.key.TokenShape;
import dev.maglatch.key.Tokens;
import dev.maglatch.secret.SecretRing;
import java.security.SecureRandom;
import java.util.List;

/** Prints well-formed tokens whose check bytes no gateway made. Argument: how many. */
public final class ForgedTokens {
  private ForgedTokens() {}

  /** Entry point; see above. */
  public static void main(String[] arguments) {
    SecureRandom random = new SecureRandom();
    byte[] master = new byte[32];
    random.nextBytes(master);
    SecretRing ring = SecretRing.derive(List.of(master));
    Tokens tokens = new Tokens(random, ring.checkKeys(), ring.peppers());
    int count = Integer.parseInt(arguments[0]);
    StringBuilder some = new StringBuilder();
    for (int i = 1; i <= count; i++) {
      some.append(tokens.mint(TokenShape.MGP)).append('\n');
      if (i % 10_000 == 0 || i == count) {
        System.out.print(some);
        some.setLength(0);
      }
    }
  }
}
