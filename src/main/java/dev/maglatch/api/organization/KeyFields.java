// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import dev.maglatch.http.IpRanges;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.KeyPolicy.RateLimit;
import dev.maglatch.key.Principal;
import dev.maglatch.manage.KeySettings;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Reads the settings of a key. What is wrong is left as a complaint with the fields. */
final class KeyFields {
  static final Set<String> ALL =
      Set.of("name", "description", "expiresAt", "scope", "allowedIps", "rateLimit");

  private static final List<String> SCOPES =
      List.of(Principal.SCOPE_READ, Principal.SCOPE_READ_WRITE);
  private static final KeySettings UNSET =
      new KeySettings("", null, Principal.SCOPE_READ, null, KeyPolicy.NONE);
  private static final int MAX_RANGES = 100;
  private static final String RANGES =
      "allowedIps must be a list of 1 to 100 addresses and CIDR ranges, or null";
  private static final String RATE_LIMIT =
      "rateLimit must be an object of limit and windowSeconds, or null";

  private KeyFields() {}

  /** Returns the settings of a new key: only the name must be there. */
  static KeySettings settings(Fields fields, Instant now) {
    String name = fields.name("name");
    KeySettings read = edit(fields, now).apply(UNSET);
    return new KeySettings(name, read.description(), read.scope(), read.expiresAt(), read.policy());
  }

  /** Returns what replaces the settings that are there and keeps the others. */
  static UnaryOperator<KeySettings> edit(Fields fields, Instant now) {
    String name = fields.has("name") ? fields.name("name") : null;
    String scope = fields.has("scope") ? fields.choice("scope", SCOPES) : null;
    String description = fields.description("description");
    Instant expiresAt = fields.future("expiresAt", now);
    List<String> allowedIps = ranges(fields);
    RateLimit rateLimit = rateLimit(fields);
    return old ->
        new KeySettings(
            name == null ? old.name() : name,
            fields.has("description") ? description : old.description(),
            scope == null ? old.scope() : scope,
            fields.has("expiresAt") ? expiresAt : old.expiresAt(),
            new KeyPolicy(
                fields.has("allowedIps") ? allowedIps : old.policy().allowedIps(),
                fields.has("rateLimit") ? rateLimit : old.policy().rateLimit()));
  }

  private static @Nullable List<String> ranges(Fields fields) {
    List<String> ranges = fields.texts("allowedIps", RANGES);
    if (ranges == null) {
      return null;
    }
    if (ranges.isEmpty()
        || ranges.size() > MAX_RANGES
        || !ranges.stream().allMatch(IpRanges::isRange)) {
      fields.complain(RANGES);
    }
    return ranges;
  }

  private static @Nullable RateLimit rateLimit(Fields fields) {
    Fields inner = fields.object("rateLimit", RATE_LIMIT);
    if (inner == null) {
      return null;
    }
    inner.refuseOthersThan(Set.of("limit", "windowSeconds"));
    int limit = inner.integer("limit", 0, 1, Integer.MAX_VALUE);
    int window = inner.integer("windowSeconds", 0, 1, Integer.MAX_VALUE);
    if (inner.complaint() != null || limit == 0 || window == 0) {
      fields.complain(RATE_LIMIT);
    }
    return new RateLimit(limit, window);
  }
}
