// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.maglatch.session.SessionConfig.ThrottleConfig;
import dev.maglatch.session.SignInCounters.Count;
import inet.ipaddr.IPAddress;
import inet.ipaddr.IPAddressString;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Slows down whoever guesses passwords.
 *
 * <p>Failures are counted for each account from one address and for each address: beyond the limit
 * the answer is {@link Refusal.Reason#RATE_LIMITED}. Failures for one account from many addresses
 * only delay the answer, so that nobody can lock another out.
 */
final class Throttle {
  /*
   * An attempt is counted before its password is checked and taken back when it was right. Counting
   * failures afterwards would let a thousand parallel attempts pass one and the same count.
   *
   * What is over a limit is only read, not counted: a flood of refused attempts writes nothing, and
   * an address leaves at most perAddress * 2 + 1 rows behind.
   */
  private static final int MAX_DELAYED = 10_000;
  private static final Duration FIRST_DELAY = Duration.ofMillis(100);
  private static final int MAX_DOUBLINGS = 16;
  private static final int IPV6_NETWORK_BITS = 64;

  private final Vertx vertx;
  private final SignInCounters counters;
  private final ThrottleConfig config;
  private final AtomicInteger delayed = new AtomicInteger();

  Throttle(Vertx vertx, SignInCounters counters, ThrottleConfig config) {
    this.vertx = vertx;
    this.counters = counters;
    this.config = config;
  }

  /**
   * Counts an attempt and completes when it may go on. Fails with a {@link Refusal} if there were
   * too many.
   */
  Future<Attempt> begin(String email, String address) {
    Attempt attempt = Attempt.of(email, network(address));
    return counters
        .read(attempt.subjects(), config.window())
        .compose(counts -> refuse(counts, 0))
        .compose(below -> counters.add(attempt.subjects(), config.window()))
        .compose(counts -> refuse(counts, 1).compose(counted -> pause(counts.get(2))))
        .map(attempt);
  }

  /** Counts an attempt to make an account, which costs a password hash too. */
  Future<Void> beginSignUp(String address) {
    List<String> subject = List.of("sign-up:" + network(address));
    return counters
        .add(subject, config.window())
        .compose(
            counts ->
                counts.get(0).failures() > config.perAddress()
                    ? limited(counts.get(0))
                    : Future.succeededFuture());
  }

  /** The password was right: forgets the failures of this account from this address. */
  Future<Void> succeeded(Attempt attempt) {
    return counters
        .takeBack(List.of(attempt.address(), attempt.account()))
        .compose(done -> counters.reset(attempt.pair()));
  }

  /** The password could not be checked: the attempt does not count. */
  Future<Void> takenBack(Attempt attempt) {
    return counters.takeBack(attempt.subjects());
  }

  /**
   * Refuses when a limit is passed by more than the {@code own} attempt that is counted already.
   */
  private Future<Void> refuse(List<Count> counts, int own) {
    if (counts.get(0).failures() - own >= config.perAccount()) {
      return limited(counts.get(0));
    }
    if (counts.get(1).failures() - own >= config.perAddress()) {
      return limited(counts.get(1));
    }
    return Future.succeededFuture();
  }

  private static Future<Void> limited(Count count) {
    long seconds = Math.max(1, count.remaining().toSeconds());
    return Future.failedFuture(
        new Refusal(Refusal.Reason.RATE_LIMITED, Duration.ofSeconds(seconds)));
  }

  private Future<Void> pause(Count account) {
    int excess = account.failures() - config.delayAfter();
    if (excess <= 0 || delayed.get() >= MAX_DELAYED) {
      return Future.succeededFuture();
    }
    long doubled = FIRST_DELAY.toMillis() << Math.min(excess - 1, MAX_DOUBLINGS);
    long millis = Math.min(doubled, config.maxDelay().toMillis());
    delayed.incrementAndGet();
    return vertx
        .timer(Math.max(1, millis), TimeUnit.MILLISECONDS)
        .onComplete(done -> delayed.decrementAndGet())
        .mapEmpty();
  }

  /** One customer of a provider has 2^64 IPv6 addresses: they count as one. */
  static String network(String address) {
    IPAddress parsed = new IPAddressString(address).getAddress();
    if (parsed == null) {
      return "unknown";
    }
    if (parsed.isIPv4() || parsed.toIPv6().isIPv4Mapped()) {
      return parsed.toIPv4().toCanonicalString();
    }
    return parsed.toIPv6().removeZone().toPrefixBlock(IPV6_NETWORK_BITS).toCanonicalString();
  }

  /**
   * What one attempt is counted under.
   *
   * @param pair this account from this address
   * @param account from whatever address
   */
  record Attempt(String pair, String address, String account) {
    static Attempt of(String email, String network) {
      return new Attempt(
          "pair:" + sha256(email + "\n" + network),
          "address:" + network,
          "account:" + sha256(email));
    }

    /** In the order that {@link Throttle} reads the counts in. */
    List<String> subjects() {
      return List.of(pair, address, account);
    }

    private static String sha256(String text) {
      try {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        return HexFormat.of().formatHex(digest.digest(text.getBytes(UTF_8)));
      } catch (NoSuchAlgorithmException impossible) {
        throw new IllegalStateException("SHA-256 is part of every JDK", impossible);
      }
    }
  }
}
