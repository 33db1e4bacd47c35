// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.usage;

import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

class InMemoryUsageStoreTest extends UsageStoreContract {
  private final InMemoryUsageStore store = new InMemoryUsageStore();

  @Override
  protected UsageStore store() {
    return store;
  }

  @Override
  protected UUID newKey() {
    return store.newKey();
  }

  @Override
  protected void deleteKey(UUID keyId) {
    store.deleteKey(keyId);
  }

  @Override
  protected @Nullable LastUse lastUse(UUID keyId) {
    return store.lastUse(keyId);
  }

  @Override
  protected Map<Instant, Long> hours(UUID keyId) {
    return store.hours(keyId);
  }
}
