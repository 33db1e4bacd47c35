// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.key;

import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Whom keys speak for, where a test cares for the key and its limits alone. */
public final class Principals {
  private Principals() {}

  /** Returns the owner of an organization, both of them new, with a Magpipe key. */
  public static Principal ofKey(@Nullable UUID keyId, KeyPolicy policy) {
    return new Principal(
        Principal.Method.API_KEY,
        keyId,
        KeyKind.MGP,
        UUID.randomUUID(),
        UUID.randomUUID(),
        null,
        Set.of(),
        List.of(),
        null,
        true,
        policy);
  }
}
