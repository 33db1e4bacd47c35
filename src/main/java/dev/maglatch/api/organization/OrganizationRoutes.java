// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.organization;

import static io.vertx.core.http.HttpMethod.DELETE;
import static io.vertx.core.http.HttpMethod.GET;
import static io.vertx.core.http.HttpMethod.PATCH;
import static io.vertx.core.http.HttpMethod.POST;

import dev.maglatch.api.Access;
import dev.maglatch.api.BearerAccess;
import dev.maglatch.api.BodyRule;
import dev.maglatch.api.CrossOrigin;
import dev.maglatch.api.Endpoint;
import dev.maglatch.api.Facade;
import dev.maglatch.api.Operation;
import dev.maglatch.http.Cors;
import dev.maglatch.key.KeyKind;
import dev.maglatch.verify.CredentialVerifier;
import io.vertx.core.http.HttpMethod;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Mounts the organization dialect. */
public final class OrganizationRoutes {
  /** The base of {@link #endpoints} unless the configuration says otherwise. */
  public static final String DEFAULT_BASE = "/v1";

  private static final Set<KeyKind> ORGANIZATION_KEYS = Set.of(KeyKind.ORG);
  private static final String KEYS = "/api-keys";
  private static final String KEY = "/api-keys/{id}";
  private static final String SERVICE_ACCOUNTS = "/service-accounts";
  private static final String SERVICE_ACCOUNT = "/service-accounts/{id}";

  private final String base;
  private final Facade facade;
  private final Access scoped;

  private OrganizationRoutes(String base, Facade facade, Access scoped) {
    this.base = base;
    this.facade = facade;
    this.scoped = scoped;
  }

  /** Returns the routes below {@code base}. Keys of kind {@code org} and sessions manage. */
  public static List<Endpoint> endpoints(
      String base, CredentialVerifier verifier, Cors cors, UseCases useCases) {
    Facade facade = new Facade(Envelope::problem, CrossOrigin.of(cors));
    return new OrganizationRoutes(base, facade, new BearerAccess(verifier, ORGANIZATION_KEYS))
        .all(
            BearerAccess.ofAnyScope(verifier, ORGANIZATION_KEYS),
            new BearerAccess(verifier, EnumSet.allOf(KeyKind.class)),
            useCases);
  }

  private List<Endpoint> all(Access anyScope, Access anyKind, UseCases useCases) {
    KeyRoutes keys = new KeyRoutes(useCases);
    ServiceAccountRoutes accounts = new ServiceAccountRoutes(useCases.serviceAccounts());
    WebhookRoutes webhooks = new WebhookRoutes(useCases);
    AuditRoute audit = new AuditRoute(useCases.audit());
    return List.of(
        writing(POST, KEYS, keys::create),
        reading(KEYS, scoped, keys::list),
        endpoint(POST, KEYS + "/revoke", anyScope, BodyRule.ANY_TYPE, keys::revokeToken),
        reading(KEY, scoped, keys::get),
        writing(PATCH, KEY, keys::update),
        writing(POST, KEY + "/rotate", keys::rotate),
        reading(KEY + "/deliveries", scoped, webhooks::list),
        reading(KEY + "/deliveries/{deliveryId}", scoped, webhooks::get),
        writing(POST, KEY + "/deliveries/{deliveryId}/replay", webhooks::replayOne),
        writing(POST, KEY + "/webhook/replay", webhooks::replayRange),
        writing(POST, KEY + "/webhook/test", webhooks::test),
        writing(POST, KEY + "/webhook/rotate-secret", webhooks::rotateSecret),
        writing(DELETE, KEY, keys::revoke),
        writing(POST, SERVICE_ACCOUNTS, accounts::create),
        reading(SERVICE_ACCOUNTS, scoped, accounts::list),
        reading(SERVICE_ACCOUNT, scoped, accounts::get),
        writing(PATCH, SERVICE_ACCOUNT, accounts::update),
        writing(POST, SERVICE_ACCOUNT + "/disable", accounts::disable),
        writing(POST, SERVICE_ACCOUNT + "/enable", accounts::enable),
        reading("/whoami", anyKind, WhoAmI::answer),
        reading("/audit", scoped, audit::list));
  }

  private Endpoint reading(String path, Access access, Operation operation) {
    return endpoint(GET, path, access, BodyRule.NONE, operation);
  }

  private Endpoint writing(HttpMethod method, String path, Operation operation) {
    return endpoint(method, path, scoped, BodyRule.ANY_TYPE, operation);
  }

  private Endpoint endpoint(
      HttpMethod method, String path, Access access, BodyRule body, Operation operation) {
    return new Endpoint(method, base + path, facade, access, body, operation);
  }
}
