// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

/** What a route does with a request's body. */
public enum BodyRule {
  /** Never reads one: a connection that carries one is closed after the answer. */
  NONE,
  /** Reads it, whatever its content type. */
  ANY_TYPE,
  /** Reads it if it is empty or {@code application/json}; another type is a 415. */
  JSON_ONLY
}
