// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The fake is as good as the real one. */
class MemoryQueueTest extends DeliveryQueueContract {
  private final VirtualTime time = new VirtualTime();
  private final MemoryQueue queue = new MemoryQueue(time);

  @Override
  protected DeliveryQueue queue() {
    return queue;
  }

  @Override
  protected UUID add(String destination) {
    return queue.add(destination).id;
  }

  @Override
  protected void takeUrlAway(UUID delivery) {
    queue.entries.stream()
        .filter(entry -> entry.id.equals(delivery))
        .forEach(entry -> entry.hasUrl = false);
  }

  @Override
  protected @Nullable String state(UUID delivery) {
    return queue.entries.stream()
        .filter(entry -> entry.id.equals(delivery))
        .map(entry -> entry.status + " " + entry.attempts)
        .findFirst()
        .orElse(null);
  }

  @Override
  protected void elapse(Duration duration) {
    time.advance(duration);
  }

  @Override
  protected <T> T result(Future<T> future) {
    time.advance(Duration.ofMillis(1));
    return future.result();
  }
}
