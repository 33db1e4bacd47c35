// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import static java.util.Objects.requireNonNull;

import dev.maglatch.manage.AuditLog;
import dev.maglatch.manage.DeliveryBook;
import dev.maglatch.manage.KeyRegistrar;
import dev.maglatch.manage.ServiceAccountRegistrar;
import io.vertx.core.Future;
import java.time.InstantSource;
import java.util.function.Supplier;

/**
 * What this dialect is a front of.
 *
 * @param storeUses stores every use of a key that was noted here before
 * @param clock tells what is in the future
 */
public record UseCases(
    KeyRegistrar keys,
    ServiceAccountRegistrar serviceAccounts,
    AuditLog audit,
    DeliveryBook deliveries,
    Supplier<Future<Void>> storeUses,
    InstantSource clock) {
  public UseCases {
    requireNonNull(keys, "keys");
    requireNonNull(serviceAccounts, "serviceAccounts");
    requireNonNull(audit, "audit");
    requireNonNull(deliveries, "deliveries");
    requireNonNull(storeUses, "storeUses");
    requireNonNull(clock, "clock");
  }
}
