// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.config;

import dev.maglatch.proxy.HostRules;
import dev.maglatch.settings.Section;
import org.jspecify.annotations.Nullable;

/**
 * An origin of their own for the gateway's own routes, so that no page of an upstream shares it.
 * Forward-auth is no part of them.
 *
 * @param listener where they are then, and nowhere else; null for the public listener
 * @param host lower-case name that requests for them carry in {@code Host}, on the public listener,
 *     without the dot that it may end with there; null for any
 */
public record ManagementConfig(@Nullable ListenAddress listener, @Nullable String host) {
  /** On the public listener, beside what is proxied. */
  public static final ManagementConfig BESIDE = new ManagementConfig(null, null);

  private static final String NAME = "[A-Za-z0-9]([A-Za-z0-9._-]{0,253})";

  /** With a port: a listener, {@code host} being its address. Without: a name on the public one. */
  static ManagementConfig read(Section management) {
    if (management.has("port")) {
      return new ManagementConfig(ListenAddress.read(management, 0), null);
    }
    String host = management.text("host");
    if (host == null) {
      return BESIDE;
    }
    if (!host.matches(NAME)) {
      management.problem("host", "a host name without port; an address needs management.port");
      return BESIDE;
    }
    return new ManagementConfig(null, HostRules.bare(host));
  }
}
