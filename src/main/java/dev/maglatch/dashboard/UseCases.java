// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.manage.AccountRegistrar;
import dev.maglatch.manage.AuditLog;
import dev.maglatch.manage.DeliveryBook;
import dev.maglatch.manage.KeyCatalog;
import dev.maglatch.manage.KeyRegistrar;
import dev.maglatch.manage.ServiceAccountRegistrar;
import dev.maglatch.session.Sessions;
import dev.maglatch.usage.UsageHistory;
import io.vertx.core.Future;
import java.time.InstantSource;
import java.util.function.Supplier;

/**
 * What people can do here.
 *
 * @param storeUses stores every use that was noted so far
 * @param clock the database's time
 */
public record UseCases(
    Sessions sessions,
    KeyRegistrar keys,
    KeyCatalog catalog,
    UsageHistory usage,
    AccountRegistrar accounts,
    ServiceAccountRegistrar serviceAccounts,
    DeliveryBook deliveries,
    AuditLog audit,
    Supplier<Future<Void>> storeUses,
    InstantSource clock) {}
