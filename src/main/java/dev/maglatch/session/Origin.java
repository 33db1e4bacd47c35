// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import org.jspecify.annotations.Nullable;

/**
 * Where a request came from, as stored with a session and used for throttling.
 *
 * @param address the client's IP address as text
 * @param userAgent null if none was sent; at most 512 characters are kept
 */
public record Origin(String address, @Nullable String userAgent) {
  private static final int MAX_USER_AGENT = 512;

  public Origin {
    if (userAgent != null && userAgent.length() > MAX_USER_AGENT) {
      userAgent = userAgent.substring(0, MAX_USER_AGENT);
    }
  }
}
