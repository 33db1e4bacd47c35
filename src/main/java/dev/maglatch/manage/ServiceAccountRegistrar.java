// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import static java.util.Objects.requireNonNull;

import dev.maglatch.manage.ServiceAccountChange.Outcome;
import io.vertx.core.Future;
import java.util.List;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What can be done with service accounts.
 *
 * <p>A change of one that exists decides about all its keys: its future completes when it counts on
 * every replica.
 */
public final class ServiceAccountRegistrar {
  private final ServiceAccountRegistry registry;
  private final RevocationBarrier barrier;

  public ServiceAccountRegistrar(ServiceAccountRegistry registry, RevocationBarrier barrier) {
    this.registry = requireNonNull(registry, "registry");
    this.barrier = requireNonNull(barrier, "barrier");
  }

  public Future<ServiceAccountChange> create(
      UUID organizationId, UUID createdBy, ServiceAccountSettings settings, Actor actor) {
    return registry.insert(organizationId, createdBy, settings, actor);
  }

  /** Returns the service accounts of the organization, newest first. */
  public Future<List<ServiceAccountRecord>> list(UUID organizationId, Page page) {
    return registry.list(organizationId, page);
  }

  /** Returns one service account, or null if the organization has none of that id. */
  public Future<@Nullable ServiceAccountRecord> find(UUID organizationId, UUID id) {
    return registry.find(organizationId, id);
  }

  /** Gives a service account the settings that {@code edit} makes of its own. */
  public Future<ServiceAccountChange> update(
      UUID organizationId, UUID id, UnaryOperator<ServiceAccountSettings> edit, Actor actor) {
    return registry.update(organizationId, id, edit, actor).compose(done -> settled(done, id));
  }

  /** Stops all keys of a service account. Doing so twice is no mistake. */
  public Future<ServiceAccountChange> disable(UUID organizationId, UUID id, Actor actor) {
    return registry.setDisabled(organizationId, id, true, actor).compose(done -> settled(done, id));
  }

  /** Lets the keys of a service account count again. Doing so twice is no mistake. */
  public Future<ServiceAccountChange> enable(UUID organizationId, UUID id, Actor actor) {
    return registry
        .setDisabled(organizationId, id, false, actor)
        .compose(done -> settled(done, id));
  }

  private Future<ServiceAccountChange> settled(ServiceAccountChange change, UUID id) {
    return change.outcome() == Outcome.DONE
        ? barrier.afterChange(id).map(change::confirmed)
        : Future.succeededFuture(change);
  }
}
