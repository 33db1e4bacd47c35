// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import dev.maglatch.api.Call;
import dev.maglatch.key.Principal;
import dev.maglatch.key.TokenHash;
import dev.maglatch.manage.Idempotency;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the header {@code Idempotency-Key}. */
final class IdempotencyKey {
  static final String COMPLAINT = "Idempotency-Key must be 1 to 255 visible ASCII characters";
  private static final String HEADER = "Idempotency-Key";
  private static final int MAX_LENGTH = 255;

  private IdempotencyKey() {}

  static boolean isSent(Call call) {
    return call.request().headers().contains(HEADER);
  }

  /** Returns what makes {@code call} one and the same; null if the header is no good. */
  static @Nullable Idempotency of(Call call) {
    List<String> sent = call.request().headers().getAll(HEADER);
    return sent.size() == 1 && isKey(sent.get(0))
        ? new Idempotency(credential(call.principal()), sent.get(0), sha256(call.body().getBytes()))
        : null;
  }

  /** A session keeps its name when its tokens are renewed. */
  private static String credential(Principal who) {
    if (who.keyId() != null) {
      return "key:" + who.keyId();
    }
    return who.sessionId() != null ? "session:" + who.sessionId() : "account:" + who.accountId();
  }

  private static boolean isKey(String text) {
    return !text.isEmpty()
        && text.length() <= MAX_LENGTH
        && text.chars().allMatch(c -> c > ' ' && c < 0x7f);
  }

  private static TokenHash sha256(byte[] body) {
    try {
      return TokenHash.of(MessageDigest.getInstance("SHA-256").digest(body));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("SHA-256 is part of every JDK", impossible);
    }
  }
}
