// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import dev.maglatch.cluster.Change;
import dev.maglatch.cluster.Evictions;
import dev.maglatch.key.TokenHash;
import dev.maglatch.verify.ChangeClock;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Makes stale what the change feed names (rule 1). */
final class ClockEvictions implements Evictions {
  private final ChangeClock clock;

  ClockEvictions(ChangeClock clock) {
    this.clock = clock;
  }

  @Override
  public void changed(Change change) {
    switch (change.entity()) {
      case API_KEY -> {
        keyChanged(change.oldHash());
        keyChanged(change.newHash());
      }
      case OWNER, SESSION -> ownerChanged(change.entityId());
      case ALL -> clock.everythingChanged();
    }
  }

  @Override
  public void everythingChanged() {
    clock.everythingChanged();
  }

  private void keyChanged(@Nullable TokenHash stored) {
    if (stored != null) {
      clock.keyChanged(stored);
    }
  }

  private void ownerChanged(@Nullable UUID id) {
    if (id == null) {
      clock.everythingChanged();
    } else {
      clock.ownerChanged(id);
    }
  }
}
