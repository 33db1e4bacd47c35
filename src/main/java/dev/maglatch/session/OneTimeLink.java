// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import static java.util.Objects.requireNonNull;

import dev.maglatch.key.TokenHash;
import dev.maglatch.key.Tokens;
import dev.maglatch.secret.Secret;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A way in without a password, once and for 30 minutes, into this process alone. At most one is
 * open at a time; what it is opened with is kept as a hash. Safe on any thread.
 */
public final class OneTimeLink {
  /** How long it is good. */
  public static final Duration LIFETIME = Duration.ofMinutes(30);

  private static final int BYTES = 32;

  private final SecureRandom random;
  private final LongSupplier nanoTime;
  private final AtomicReference<@Nullable Offer> open = new AtomicReference<>();

  /**
   * @param nanoTime monotonic, in nanoseconds
   */
  public OneTimeLink(SecureRandom random, LongSupplier nanoTime) {
    this.random = requireNonNull(random, "random");
    this.nanoTime = requireNonNull(nanoTime, "nanoTime");
  }

  /** Opens a way in for an account and closes an earlier one. Returns what it takes. */
  public Secret offer(UUID account) {
    byte[] bytes = new byte[BYTES];
    random.nextBytes(bytes);
    String token = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    open.set(new Offer(Tokens.sha256(token), account, nanoTime.getAsLong()));
    return new Secret(token);
  }

  /** Whether {@code token} would be accepted now. */
  public boolean isGood(String token) {
    return accepts(open.get(), token);
  }

  /** Returns the account that {@code token} lets in, and closes the way; null if it is not good. */
  public @Nullable UUID use(String token) {
    Offer offer = open.get();
    return offer != null && accepts(offer, token) && open.compareAndSet(offer, null)
        ? offer.account()
        : null;
  }

  private boolean accepts(@Nullable Offer offer, String token) {
    return offer != null
        && nanoTime.getAsLong() - offer.sinceNanos() < LIFETIME.toNanos()
        && offer.hash().equals(Tokens.sha256(token));
  }

  private record Offer(TokenHash hash, UUID account, long sinceNanos) {}
}
