// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import static java.util.Objects.requireNonNull;

import dev.maglatch.key.TokenHash;

/**
 * What makes two commands to make a key one and the same.
 *
 * @param credential who sent it
 * @param key the name the client gave it
 * @param bodyHash SHA-256 of the request's body
 */
public record Idempotency(String credential, String key, TokenHash bodyHash) {
  public Idempotency {
    requireNonNull(credential, "credential");
    requireNonNull(key, "key");
    requireNonNull(bodyHash, "bodyHash");
  }
}
