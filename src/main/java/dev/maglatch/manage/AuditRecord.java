// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import io.vertx.core.json.JsonObject;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One change: who made it, by what credential, from where, when, and what it was.
 *
 * @param actor see {@link Actor#name}
 * @param credential see {@link Actor#credential}
 * @param address the client's IP address; null if there was none
 * @param action such as {@code api_key.created}
 * @param entity what kind of thing was changed, such as {@code api_key}
 * @param detail never a token, a secret or a URL
 */
public record AuditRecord(
    long id,
    Instant occurredAt,
    String actor,
    String credential,
    @Nullable String address,
    String action,
    String entity,
    String entityId,
    JsonObject detail) {}
