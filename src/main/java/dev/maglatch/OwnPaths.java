// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import dev.maglatch.config.GatewayConfig;
import dev.maglatch.proxy.PathPattern;
import dev.maglatch.proxy.RouteGuide.Address;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The paths of the public listener that the gateway answers itself, by its documentation. */
public final class OwnPaths {
  private static final PathPattern RESERVED = PathPattern.prefix("/_maglatch");

  private final List<PathPattern> paths;
  private final @Nullable String host;

  public OwnPaths(GatewayConfig config) {
    this.host = config.management().host();
    this.paths =
        config.management().listener() == null
            ? Editions.ops(config).publicPaths().stream().map(OwnPaths::pattern).toList()
            : List.of();
  }

  /** Whether no route gets a request for {@code address}. */
  public boolean take(Address address) {
    return RESERVED.matches(address.path())
        || ((host == null || host.equals(address.host()))
            && paths.stream().anyMatch(path -> path.matches(address.path())));
  }

  private static PathPattern pattern(String path) {
    return path.indexOf('{') < 0 ? PathPattern.exact(path) : PathPattern.template(path);
  }
}
