// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.magpipe;

import dev.maglatch.api.Answer;
import dev.maglatch.api.BearerAccess;
import dev.maglatch.api.BodyRule;
import dev.maglatch.api.CrossOrigin;
import dev.maglatch.api.Dialect;
import dev.maglatch.api.Endpoint;
import dev.maglatch.api.Facade;
import dev.maglatch.key.KeyKind;
import dev.maglatch.manage.KeyRegistrar;
import dev.maglatch.verify.CredentialVerifier;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Mounts the Magpipe dialect. */
public final class MagpipeRoutes {
  /** The base of {@link #endpoints} unless the configuration says otherwise. */
  public static final String DEFAULT_BASE = "/functions/v1";

  private static final String PATH = "/manage-api-keys";
  private static final Dialect FLAT = (problem, call) -> flat(problem.status(), problem.text());

  private MagpipeRoutes() {}

  /**
   * Returns the route below {@code base} and the same at the root. Keys of kind {@code mgp} and
   * sessions manage.
   *
   * @param urls which URLs may be given for a webhook
   */
  public static List<Endpoint> endpoints(
      String base, CredentialVerifier verifier, KeyRegistrar keys, Predicate<String> urls) {
    Facade facade = new Facade(FLAT, CrossOrigin.EVERY_PAGE);
    BearerAccess access = new BearerAccess(verifier, Set.of(KeyKind.MGP));
    ManageApiKeys operation = new ManageApiKeys(keys, urls);
    return Stream.of(base + PATH, PATH)
        .distinct()
        .map(
            path ->
                new Endpoint(HttpMethod.POST, path, facade, access, BodyRule.ANY_TYPE, operation))
        .toList();
  }

  /** Returns an error in this dialect's shape. */
  static Answer flat(int status, String text) {
    return Answer.json(status, new JsonObject().put("error", text));
  }
}
