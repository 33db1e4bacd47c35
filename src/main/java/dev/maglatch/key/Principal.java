// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.key;

import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Who a good credential speaks for.
 *
 * @param method how it was proven
 * @param keyId the key; null for a session
 * @param kind the key's kind; null for a session
 * @param accountId the account; null for a key of a service account
 * @param organizationId the organization that account or service account belongs to
 * @param serviceAccountId null unless the key belongs to a service account
 * @param scopes what the credential carries, in alphabetical order; a session carries none and
 *     satisfies every scope
 * @param permissions of the service account, passed on and never enforced here
 * @param sessionId the session's family; null for a key
 * @param owner whether the account is an owner of its organization
 * @param keyPolicy limits of this one key; {@link KeyPolicy#NONE} for a session
 */
public record Principal(
    Method method,
    @Nullable UUID keyId,
    @Nullable KeyKind kind,
    @Nullable UUID accountId,
    UUID organizationId,
    @Nullable UUID serviceAccountId,
    Set<String> scopes,
    List<String> permissions,
    @Nullable UUID sessionId,
    boolean owner,
    KeyPolicy keyPolicy) {

  public static final String SCOPE_READ = "read";
  public static final String SCOPE_READ_WRITE = "read-write";
  public static final String SCOPE_MCP = "mcp:v1";

  public Principal {
    scopes = inOrder(scopes);
    permissions = List.copyOf(permissions);
  }

  /** The order of a JDK's set changes from start to start: two replicas must not differ. */
  private static Set<String> inOrder(Set<String> scopes) {
    return scopes.size() < 2
        ? Set.copyOf(scopes)
        : Collections.unmodifiableSet(new TreeSet<>(scopes));
  }

  /** How a credential was proven. */
  public enum Method {
    API_KEY("api-key"),
    SESSION("session");

    private final String text;

    Method(String text) {
      this.text = text;
    }

    /** Returns the value of {@code X-Maglatch-Auth-Method}. */
    public String text() {
      return text;
    }
  }

  /**
   * Whether one of {@code wanted} is carried; {@code mgp} keys and sessions satisfy every scope.
   */
  public boolean satisfiesAny(Set<String> wanted) {
    if (wanted.isEmpty() || method == Method.SESSION || kind == KeyKind.MGP) {
      return true;
    }
    for (String scope : wanted) {
      if (scopes.contains(scope)) {
        return true;
      }
    }
    return false;
  }

  /** Whether this credential may only GET, HEAD and OPTIONS: an {@code org} key of scope read. */
  public boolean readOnly() {
    return kind == KeyKind.ORG && !scopes.contains(SCOPE_READ_WRITE);
  }
}
