// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.faults;

import java.util.Map;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives tests one fleet of three replicas with the settings of production, shared by all classes of
 * a run and whole again before each test.
 */
final class SharedFleet implements BeforeEachCallback, ParameterResolver {
  private static final int REPLICAS = 3;

  /** Shorter than in production, and much longer than it takes our load balancer to look. */
  private static final Map<String, String> SETTINGS = Map.of("MAGLATCH_HTTP_DRAIN_DELAY", "2s");

  @Override
  public void beforeEach(ExtensionContext context) {
    fleet(context).restore();
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Fleet.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return fleet(context);
  }

  private static Fleet fleet(ExtensionContext context) {
    return context
        .getRoot()
        .getStore(Namespace.create(SharedFleet.class))
        .computeIfAbsent("fleet", first -> Fleet.start(REPLICAS, SETTINGS), Fleet.class);
  }
}
