// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import static java.util.Objects.requireNonNull;

import dev.maglatch.key.Principal;
import org.jspecify.annotations.Nullable;

/**
 * Who changes something, by which credential, from where: what the audit keeps.
 *
 * @param name an account's id, {@code service-account:<id>}, {@code operator} or {@code system}
 * @param credential {@code session}, {@code cookie}, {@code key:<id>} or {@code command-line}
 * @param address the client's IP address; null if there is none
 */
public record Actor(String name, String credential, @Nullable String address) {
  /** Whoever runs the command line. */
  public static final Actor OPERATOR = new Actor("operator", "command-line", null);

  /** The gateway itself, in the first start of dev mode and when a grace period ends. */
  public static final Actor SYSTEM = new Actor("system", "database", null);

  public Actor {
    requireNonNull(name, "name");
    requireNonNull(credential, "credential");
  }

  public static Actor of(Principal principal, String credential, @Nullable String address) {
    String name =
        principal.serviceAccountId() != null
            ? "service-account:" + principal.serviceAccountId()
            : String.valueOf(principal.accountId());
    return new Actor(name, credential, address);
  }
}
