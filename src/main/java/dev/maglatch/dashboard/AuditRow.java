// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.manage.AuditRecord;
import java.time.Instant;
import java.util.StringJoiner;

/**
 * One change as people read it.
 *
 * @param what the name of what was changed, if it has one, and what else is known of it
 * @param by the account, or what else it was, that made it
 */
record AuditRow(Moment at, String action, String what, String by, String from) {
  static AuditRow of(AuditRecord audit, Instant now) {
    StringJoiner what = new StringJoiner(", ");
    audit
        .detail()
        .forEach(
            one -> {
              if (one.getValue() != null) {
                what.add(one.getKey() + ": " + one.getValue());
              }
            });
    String address = audit.address();
    return new AuditRow(
        Moment.of(audit.occurredAt(), now),
        audit.action(),
        what.length() == 0 ? audit.entityId() : what.toString(),
        audit.actor() + " (" + audit.credential() + ")",
        address == null ? "–" : address);
  }
}
