// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import io.vertx.core.Future;
import java.util.List;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Where service accounts are kept. Each change and its audit row are one transaction; what changes
 * nothing leaves no row.
 *
 * <p>Every future fails with {@code STORE_UNAVAILABLE} when the store cannot be reached or does not
 * answer in time; a change may then have been made nevertheless. A change has no confirmation yet.
 */
public interface ServiceAccountRegistry {
  Future<ServiceAccountChange> insert(
      UUID organizationId, UUID createdBy, ServiceAccountSettings settings, Actor actor);

  /** Returns the service accounts of the organization, newest first. */
  Future<List<ServiceAccountRecord>> list(UUID organizationId, Page page);

  /** Returns one service account, or null if the organization has none of that id. */
  Future<@Nullable ServiceAccountRecord> find(UUID organizationId, UUID id);

  /** Gives a service account the settings that {@code edit} makes of its own. */
  Future<ServiceAccountChange> update(
      UUID organizationId, UUID id, UnaryOperator<ServiceAccountSettings> edit, Actor actor);

  /** Disables or enables a service account; doing so twice is no mistake. */
  Future<ServiceAccountChange> setDisabled(
      UUID organizationId, UUID id, boolean disabled, Actor actor);
}
