// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.manage.AuditRecord;
import java.time.Instant;
import java.util.Map;
import java.util.StringJoiner;

/**
 * One change as people read it.
 *
 * @param what the name of what was changed, if it has one, and what else is known of it
 * @param by the address of the account, or what else it was, that made it
 */
record AuditRow(Moment at, String action, String what, String by, String from) {
  /**
   * @param addresses of accounts, by their ids; one that is not there is shown by its id
   */
  static AuditRow of(AuditRecord audit, Map<String, String> addresses, Instant now) {
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
        addresses.getOrDefault(audit.actor(), audit.actor()) + " (" + audit.credential() + ")",
        address == null ? "–" : address);
  }
}
