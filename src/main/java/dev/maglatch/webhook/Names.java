// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.dns.AddressResolverOptions;
import io.vertx.core.internal.resolver.NameResolver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;

/** Finds the addresses of a name. */
@FunctionalInterface
public interface Names {
  /** Returns all addresses that {@code name} has now, best first; fails if there is none. */
  Future<List<InetAddress>> resolve(String name);

  /**
   * Asks the name servers of this machine, and its hosts file, anew each time. Blocks no thread, so
   * that one slow name server delays no other name.
   */
  static Names of(Vertx vertx) {
    NameResolver resolver =
        new NameResolver(
            vertx,
            new AddressResolverOptions()
                .setCacheMaxTimeToLive(0)
                .setCacheNegativeTimeToLive(0)
                .setQueryTimeout(3_000));
    return name -> {
      Promise<List<InetSocketAddress>> found = Promise.promise();
      resolver.resolveAll(name, found::handle);
      return found.future().map(all -> all.stream().map(InetSocketAddress::getAddress).toList());
    };
  }
}
