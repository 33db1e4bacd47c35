// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import static java.util.Objects.requireNonNull;

import dev.maglatch.manage.AuditLog;
import dev.maglatch.manage.KeyRegistrar;
import dev.maglatch.manage.ServiceAccountRegistrar;
import java.time.InstantSource;

/**
 * What this dialect is a front of.
 *
 * @param clock tells what is in the future
 */
public record UseCases(
    KeyRegistrar keys,
    ServiceAccountRegistrar serviceAccounts,
    AuditLog audit,
    InstantSource clock) {
  public UseCases {
    requireNonNull(keys, "keys");
    requireNonNull(serviceAccounts, "serviceAccounts");
    requireNonNull(audit, "audit");
    requireNonNull(clock, "clock");
  }
}
