// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import dev.maglatch.api.Call;
import dev.maglatch.api.IdempotencyHeader;
import dev.maglatch.key.Principal;
import dev.maglatch.key.TokenHash;
import dev.maglatch.manage.Idempotency;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.jspecify.annotations.Nullable;

/** Tells which calls are one and the same. */
final class IdempotencyKey {
  private IdempotencyKey() {}

  static boolean isSent(Call call) {
    return IdempotencyHeader.isIn(call.request().headers());
  }

  /** Returns what makes {@code call} one and the same; null if the header is no good. */
  static @Nullable Idempotency of(Call call) {
    String key = IdempotencyHeader.key(call.request().headers());
    return key == null
        ? null
        : new Idempotency(credential(call.principal()), key, sha256(call.body().getBytes()));
  }

  /** A session keeps its name when its tokens are renewed. */
  private static String credential(Principal who) {
    if (who.keyId() != null) {
      return "key:" + who.keyId();
    }
    return who.sessionId() != null ? "session:" + who.sessionId() : "account:" + who.accountId();
  }

  private static TokenHash sha256(byte[] body) {
    try {
      return TokenHash.of(MessageDigest.getInstance("SHA-256").digest(body));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("SHA-256 is part of every JDK", impossible);
    }
  }
}
