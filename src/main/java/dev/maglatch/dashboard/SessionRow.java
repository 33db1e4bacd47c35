// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.session.SessionStore.OpenSession;
import java.time.Instant;
import java.util.Objects;

/**
 * One place where an account is signed in.
 *
 * @param here whether it is the one that is looked from
 */
record SessionRow(
    String kind, Moment since, Moment used, String address, String agent, boolean here) {

  static SessionRow of(OpenSession session, boolean here, Instant now) {
    return new SessionRow(
        session.cookie() ? "Browser" : "Tokens",
        Moment.of(session.createdAt(), now),
        Moment.of(session.lastUsedAt(), now),
        Objects.requireNonNullElse(session.address(), "–"),
        Objects.requireNonNullElse(session.userAgent(), "–"),
        here);
  }
}
