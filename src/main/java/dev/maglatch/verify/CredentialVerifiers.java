// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.verify;

import static java.util.Objects.requireNonNull;

import dev.maglatch.key.TokenShape;
import io.vertx.core.Future;
import org.jspecify.annotations.Nullable;

/** Sends a credential to whoever knows its kind: by prefix a key, else a session. */
public final class CredentialVerifiers implements StreamVerifier {
  private final StreamVerifier keys;
  private final StreamVerifier sessions;

  public CredentialVerifiers(StreamVerifier keys, StreamVerifier sessions) {
    this.keys = requireNonNull(keys, "keys");
    this.sessions = requireNonNull(sessions, "sessions");
  }

  @Override
  public @Nullable Verdict decideNow(String credential, String clientAddress, long maxStaleNanos) {
    return of(credential).decideNow(credential, clientAddress, maxStaleNanos);
  }

  @Override
  public Future<Verdict> decide(String credential, String clientAddress, long maxStaleNanos) {
    return of(credential).decide(credential, clientAddress, maxStaleNanos);
  }

  @Override
  public Watch watch(String credential, long maxStaleNanos) {
    return of(credential).watch(credential, maxStaleNanos);
  }

  private StreamVerifier of(String credential) {
    return TokenShape.of(credential) != null ? keys : sessions;
  }
}
