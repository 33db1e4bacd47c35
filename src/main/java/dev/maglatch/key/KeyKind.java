// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.key;

import java.util.Locale;

/** Which dialect made a key. Each dialect lists and changes keys of its own kind only. */
public enum KeyKind {
  /** Made by the Magpipe routes; {@code mgp_} token. */
  MGP(TokenShape.MGP),
  /** Made by the MagicPost routes; {@code mp_} token. */
  MP(TokenShape.MP),
  /** Made by the organization routes; its token is an {@code mgp_} token too. */
  ORG(TokenShape.MGP);

  private final TokenShape shape;

  KeyKind(TokenShape shape) {
    this.shape = shape;
  }

  public TokenShape shape() {
    return shape;
  }

  /** Returns the name used in the database, on the command line and in metrics. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns the kind of that name. Throws {@link IllegalArgumentException} if there is none. */
  public static KeyKind of(String text) {
    for (KeyKind kind : values()) {
      if (kind.text().equals(text)) {
        return kind;
      }
    }
    throw new IllegalArgumentException("kind: " + text + " (expected: mgp, mp or org)");
  }
}
