// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import static java.util.Objects.requireNonNull;

import dev.maglatch.key.KeyKind;
import dev.maglatch.key.Principal;
import dev.maglatch.manage.KeyReach;
import java.util.UUID;

/** Who reaches which keys. */
final class Reach {
  private Reach() {}

  /**
   * Owners reach the whole organization; members and service accounts what speaks for them. A key
   * reaches what the one it speaks for does.
   */
  static KeyReach of(Principal who) {
    if (who.owner()) {
      return new KeyReach(KeyKind.ORG, who.organizationId(), null);
    }
    UUID serviceAccount = who.serviceAccountId();
    UUID holder =
        serviceAccount != null
            ? serviceAccount
            : requireNonNull(who.accountId(), "a credential speaks for somebody");
    return new KeyReach(KeyKind.ORG, who.organizationId(), holder);
  }
}
