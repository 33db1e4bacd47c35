// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import java.util.Locale;

/** What an account may see of its organization. */
public enum Role {
  /** All keys of the organization. */
  OWNER,
  /** The keys it made itself. */
  MEMBER;

  /** Returns the name used in the database and on the command line. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns the role of that name. Throws {@link IllegalArgumentException} if there is none. */
  public static Role of(String text) {
    for (Role role : values()) {
      if (role.text().equals(text)) {
        return role;
      }
    }
    throw new IllegalArgumentException("role: " + text + " (expected: owner or member)");
  }
}
