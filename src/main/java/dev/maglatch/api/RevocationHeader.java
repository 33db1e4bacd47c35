// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import dev.maglatch.manage.Confirmation;
import io.vertx.core.http.HttpHeaders;
import org.jspecify.annotations.Nullable;

/** Says on an answer how many replicas have applied the change it tells of. */
public final class RevocationHeader {
  private static final CharSequence NAME = HttpHeaders.createOptimized("X-Maglatch-Revocation");

  private RevocationHeader() {}

  /** Adds the header and returns {@code answer}; without a confirmation nothing is added. */
  public static Answer on(Answer answer, @Nullable Confirmation confirmation) {
    return confirmation == null ? answer : answer.with(NAME, confirmation.headerValue());
  }
}
