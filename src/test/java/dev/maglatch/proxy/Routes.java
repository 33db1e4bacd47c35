// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

/** Routes that differ from others in one thing. */
final class Routes {
  private Routes() {}

  static Route named(Route route, String name) {
    return new Route(
        name,
        route.match(),
        route.upstream(),
        route.access(),
        route.dialect(),
        route.timeouts(),
        route.maxBodyBytes(),
        route.changes());
  }

  static Route with(Route route, RouteMatch match) {
    return new Route(
        route.name(),
        match,
        route.upstream(),
        route.access(),
        route.dialect(),
        route.timeouts(),
        route.maxBodyBytes(),
        route.changes());
  }

  static Route with(Route route, RouteAccess access) {
    return new Route(
        route.name(),
        route.match(),
        route.upstream(),
        access,
        route.dialect(),
        route.timeouts(),
        route.maxBodyBytes(),
        route.changes());
  }

  static Route with(Route route, Dialect dialect) {
    return new Route(
        route.name(),
        route.match(),
        route.upstream(),
        route.access(),
        dialect,
        route.timeouts(),
        route.maxBodyBytes(),
        route.changes());
  }

  static Route with(Route route, Route.Timeouts timeouts) {
    return new Route(
        route.name(),
        route.match(),
        route.upstream(),
        route.access(),
        route.dialect(),
        timeouts,
        route.maxBodyBytes(),
        route.changes());
  }

  static Route with(Route route, Route.Changes changes) {
    return new Route(
        route.name(),
        route.match(),
        route.upstream(),
        route.access(),
        route.dialect(),
        route.timeouts(),
        route.maxBodyBytes(),
        changes);
  }

  static Route with(Route route, long maxBodyBytes) {
    return new Route(
        route.name(),
        route.match(),
        route.upstream(),
        route.access(),
        route.dialect(),
        route.timeouts(),
        maxBodyBytes,
        route.changes());
  }
}
