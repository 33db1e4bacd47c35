// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The health of every server in use, which all event loops share. Safe on any thread. */
final class UpstreamHealth {
  /** Replaced, never changed. */
  private volatile Map<Key, TargetHealth> known = Map.of();

  /** Knows the servers of these routes from now on; of those that stay nothing is forgotten. */
  synchronized void use(ProxyConfig config) {
    Map<Key, TargetHealth> next = new HashMap<>();
    for (Route route : config.routes()) {
      for (UpstreamGroup.Target target : route.upstream().targets()) {
        next.computeIfAbsent(
            Key.of(route.upstream(), target.url()), key -> of(route.upstream(), target.url()));
      }
    }
    known = next;
  }

  /**
   * Returns what is known about a server of {@code group}; of one that is in use no more, or not
   * yet, that is nothing.
   */
  TargetHealth of(UpstreamGroup group, Upstream url) {
    TargetHealth same = known.get(Key.of(group, url));
    return same == null ? new TargetHealth(group, url) : same;
  }

  Collection<TargetHealth> all() {
    return List.copyOf(known.values());
  }

  /** What must be equal for the health of a server to be the same. */
  private record Key(
      String upstream, Upstream url, UpstreamGroup.Link link, @Nullable HealthCheck check) {
    static Key of(UpstreamGroup group, Upstream url) {
      return new Key(group.name(), url, group.link(), group.healthCheck());
    }
  }
}
