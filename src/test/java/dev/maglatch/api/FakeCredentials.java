// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import dev.maglatch.fault.Fault;
import dev.maglatch.key.KeyKind;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.Principal;
import dev.maglatch.verify.CredentialVerifier;
import dev.maglatch.verify.Verdict;
import io.vertx.core.Future;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Knows the credentials it was told; {@code undecided} makes the store fail. */
public final class FakeCredentials implements CredentialVerifier {
  public static final String UNDECIDED = "undecided";

  private final Map<String, Verdict> verdicts = new ConcurrentHashMap<>();
  private final Set<String> undecided = ConcurrentHashMap.newKeySet();

  public FakeCredentials knows(String credential, Principal principal) {
    return says(credential, Verdict.allowed(principal));
  }

  public FakeCredentials says(String credential, Verdict verdict) {
    verdicts.put(credential, verdict);
    return this;
  }

  /** Makes the store fail for this credential too. */
  public FakeCredentials failsOn(String credential) {
    undecided.add(credential);
    return this;
  }

  public static Principal key(
      KeyKind kind, UUID keyId, UUID account, UUID organization, String... scopes) {
    return new Principal(
        Principal.Method.API_KEY,
        keyId,
        kind,
        account,
        organization,
        null,
        Set.of(scopes),
        List.of(),
        null,
        true,
        KeyPolicy.NONE);
  }

  public static Principal session(UUID account, UUID organization) {
    return session(account, organization, true);
  }

  public static Principal session(UUID account, UUID organization, boolean owner) {
    return new Principal(
        Principal.Method.SESSION,
        null,
        null,
        account,
        organization,
        null,
        Set.of(),
        List.of(),
        UUID.randomUUID(),
        owner,
        KeyPolicy.NONE);
  }

  @Override
  public @Nullable Verdict decideNow(String credential, String clientAddress, long maxStaleNanos) {
    return null;
  }

  @Override
  public Future<Verdict> decide(String credential, String clientAddress, long maxStaleNanos) {
    return credential.equals(UNDECIDED) || undecided.contains(credential)
        ? Future.failedFuture(Fault.of(Fault.Code.STORE_UNAVAILABLE, "down", null))
        : Future.succeededFuture(verdicts.getOrDefault(credential, Verdict.UNKNOWN));
  }
}
