// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import io.vertx.core.Future;
import java.util.List;
import java.util.UUID;

/** What was changed in an organization. */
public interface AuditLog {
  /**
   * Returns a part of the changes, newest first. Fails with {@code STORE_UNAVAILABLE} when the
   * store cannot be reached or does not answer in time.
   */
  Future<List<AuditRecord>> list(UUID organizationId, Page page);
}
