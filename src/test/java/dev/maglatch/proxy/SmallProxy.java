// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import java.io.IOException;

/** The data plane in a process of its own: args are the upstream's port; prints its own. */
final class SmallProxy {
  private SmallProxy() {}

  public static void main(String[] args) throws IOException {
    Upstream upstream = new Upstream(false, "127.0.0.1", Integer.parseInt(args[0]), "");
    Route route = RunningProxy.with(Route.catchAll(upstream), Auth.NONE, java.util.Set.of());
    RunningProxy proxy = new RunningProxy(route);
    System.out.println(proxy.port());
    System.out.flush();
    while (System.in.read() >= 0) {
      // until the parent goes away
    }
    proxy.close();
  }
}
