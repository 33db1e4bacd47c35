// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.settings.Section;
import dev.maglatch.verify.CredentialVerifier;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who may send requests to a route.
 *
 * @param scopes one of them is needed; empty needs none
 * @param maxStaleNanos how long a key verified before is served here without the database, if
 *     {@code cache.max-staleness} allows as much; {@link CredentialVerifier#AS_CONFIGURED} leaves
 *     it to that
 * @param limit how often one caller may; null if there is no bound
 */
public record RouteAccess(
    Auth auth, Set<String> scopes, long maxStaleNanos, @Nullable RouteLimit limit) {
  /** Wants a credential, any. */
  public static final RouteAccess REQUIRED =
      new RouteAccess(Auth.REQUIRED, Set.of(), CredentialVerifier.AS_CONFIGURED);

  /** Without a limit. */
  public RouteAccess(Auth auth, Set<String> scopes, long maxStaleNanos) {
    this(auth, scopes, maxStaleNanos, null);
  }

  public RouteAccess {
    scopes = Set.copyOf(scopes);
  }

  /**
   * @param longestStaleness what {@code max-staleness} may say at most
   */
  static RouteAccess read(Section section, Duration longestStaleness) {
    Auth auth = section.choice("auth", Auth.REQUIRED);
    Set<String> scopes = new HashSet<>(section.texts("scopes", List.of()));
    if (!scopes.isEmpty() && auth == Auth.NONE) {
      section.problem("scopes", "not set when auth is none");
    }
    return new RouteAccess(
        auth, scopes, readStaleness(section, auth, longestStaleness), RouteLimit.read(section));
  }

  private static long readStaleness(Section section, Auth auth, Duration longest) {
    if (!section.has("max-staleness")) {
      return CredentialVerifier.AS_CONFIGURED;
    }
    if (auth == Auth.NONE) {
      section.problem("max-staleness", "not set when auth is none");
    }
    return section.duration("max-staleness", longest, Duration.ZERO, longest).toNanos();
  }

  /** Whether who may pass here may pass there too. */
  boolean asksAtLeast(RouteAccess other) {
    return strictness(auth) >= strictness(other.auth)
        && maxStaleNanos <= other.maxStaleNanos
        && (other.limit == null || other.limit.equals(limit))
        && (other.scopes.isEmpty() || (!scopes.isEmpty() && other.scopes.containsAll(scopes)));
  }

  private static int strictness(Auth auth) {
    return switch (auth) {
      case NONE -> 0;
      case OPTIONAL -> 1;
      case REQUIRED -> 2;
    };
  }
}
