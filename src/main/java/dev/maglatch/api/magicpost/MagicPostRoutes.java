// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.magicpost;

import dev.maglatch.api.Access;
import dev.maglatch.api.BodyRule;
import dev.maglatch.api.CrossOrigin;
import dev.maglatch.api.Endpoint;
import dev.maglatch.api.Facade;
import dev.maglatch.http.Cors;
import dev.maglatch.manage.AccountRegistrar;
import dev.maglatch.manage.KeyRegistrar;
import dev.maglatch.verify.ChangeClock;
import dev.maglatch.verify.CredentialVerifier;
import io.vertx.core.http.HttpMethod;
import java.util.List;

/** Mounts the MagicPost dialect. */
public final class MagicPostRoutes {
  /** The base of {@link #endpoints} unless the configuration says otherwise. */
  public static final String DEFAULT_BASE = "/api/v1";

  private static final String KEYS = "/api-keys";

  private MagicPostRoutes() {}

  /**
   * Returns the routes below {@code base}.
   *
   * @param cookie who may list, make and revoke: the cookie session alone
   * @param verifier decides about the keys that are handed to verify
   * @param changes tells when what is known about an account is stale
   */
  public static List<Endpoint> endpoints(
      String base,
      Access cookie,
      CredentialVerifier verifier,
      Cors cors,
      Domain domain,
      ChangeClock changes) {
    CrossOrigin pages = CrossOrigin.of(cors);
    MagicPostErrors errors = new MagicPostErrors();
    Facade facade = new Facade(errors, pages);
    ApiKeys keys = new ApiKeys(domain.keys());
    VerifyKey verify = new VerifyKey(verifier, errors, new Profiles(domain.accounts(), changes));
    String all = base + KEYS;
    return List.of(
        new Endpoint(HttpMethod.GET, all, facade, cookie, BodyRule.NONE, keys::list),
        new Endpoint(HttpMethod.POST, all, facade, cookie, BodyRule.JSON_ONLY, keys::create),
        new Endpoint(
            HttpMethod.DELETE, all + "/{id}", facade, cookie, BodyRule.JSON_ONLY, keys::revoke),
        new Endpoint(
            HttpMethod.GET,
            base + "/auth/verify",
            new Facade(verify, pages),
            verify,
            BodyRule.NONE,
            verify));
  }

  /** The use cases behind these routes. */
  public record Domain(KeyRegistrar keys, AccountRegistrar accounts) {}
}
