// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static java.util.Objects.requireNonNull;

import dev.maglatch.config.GatewayConfig;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.Principal;
import dev.maglatch.key.TokenShape;
import dev.maglatch.key.Tokens;
import dev.maglatch.proxy.Auth;
import dev.maglatch.proxy.Route;
import dev.maglatch.proxy.RouteGuide;
import dev.maglatch.proxy.RouteGuide.Address;
import dev.maglatch.proxy.RouteGuide.Choice;
import dev.maglatch.proxy.RouteLimit;
import dev.maglatch.secret.Secret;
import dev.maglatch.verify.CacheConfig;
import dev.maglatch.verify.CacheConfig.OnDatabaseLoss;
import dev.maglatch.verify.CredentialVerifier;
import dev.maglatch.verify.KeyHistories;
import dev.maglatch.verify.KeyHistory;
import dev.maglatch.verify.Verdict;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import java.math.BigDecimal;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Answers why a request is let through or refused, by the classes that decide about requests. */
public final class Explainer {
  private static final int UNAUTHORIZED = 401;
  private static final int FORBIDDEN = 403;
  private static final String SPENT =
      "; what is spent is known to the gateways alone, beyond it is 429";

  private final RouteGuide guide;
  private final OwnPaths own;
  private final Tokens tokens;
  private final boolean acceptUnchecked;
  private final CacheConfig cache;
  private final KeyHistories keys;

  public Explainer(GatewayConfig config, Management management) {
    this.guide = new RouteGuide(config.proxy());
    this.own = new OwnPaths(config);
    this.tokens = Management.tokens(config.secrets().require(), new SecureRandom());
    this.acceptUnchecked = config.acceptUnchecked();
    this.cache = config.cache();
    this.keys = management.keyHistories();
  }

  /**
   * What is asked about.
   *
   * @param keyId null if the token is known
   * @param token null if the key's id is known
   * @param clientAddress null if it is not known
   */
  public record Question(
      @Nullable UUID keyId,
      @Nullable Secret token,
      HttpMethod method,
      Address url,
      @Nullable String clientAddress,
      Instant at) {}

  /** Returns the steps that lead to the answer. Fails when the database gives none. */
  public Future<Explanation> explain(Question question) {
    List<Explanation.Step> steps = new ArrayList<>();
    if (own.take(question.url())) {
      steps.add(
          step(
              "route",
              true,
              "the gateway's own: no upstream gets it, and it decides itself which keys it takes"));
      return credential(question).map(found -> judge(question, null, found, steps));
    }
    Choice choice = guide.choose(question.method(), question.url());
    Route route = choice.route();
    if (route == null) {
      steps.add(step("route", false, choice.reason()));
      return Future.succeededFuture(new Explanation(choice.status(), steps));
    }
    steps.add(step("route", true, route.name() + ", to " + choice.upstreamUrl()));
    if (route.access().auth() == Auth.NONE) {
      steps.add(step("credential", true, "none is read on this route"));
      addRouteLimit(route, "address", steps);
      return Future.succeededFuture(new Explanation(0, steps));
    }
    steps.add(step("auth", true, told(route.access().auth())));
    return credential(question).map(found -> judge(question, route, found, steps));
  }

  private static String told(Auth auth) {
    return switch (auth) {
      case REQUIRED -> "required";
      case OPTIONAL -> "optional: none would do as well, a bad credential does not";
      case NONE -> "none";
    };
  }

  /** What was found out about the credential: a key, or why there is none. */
  private record Found(@Nullable KeyHistory key, String absence) {}

  private Future<Found> credential(Question question) {
    Secret token = question.token();
    if (token == null) {
      UUID id = requireNonNull(question.keyId(), "keyId");
      return keys.find(id).map(key -> found(key, "no key has this id"));
    }
    String text = token.reveal();
    if (TokenShape.lookingLike(text) == null || !Tokens.wellFormed(text)) {
      return absent("malformed: not the text of a key (sessions are not explained)");
    }
    if (!acceptUnchecked && !tokens.checked(text)) {
      return absent("unknown: its check bytes are wrong, so nobody made it with these secrets");
    }
    return keys.find(tokens.stored(Tokens.sha256(text)))
        .map(key -> found(key, "unknown: no key has this token"));
  }

  private static Found found(Optional<KeyHistory> key, String absence) {
    return new Found(key.orElse(null), absence);
  }

  private static Future<Found> absent(String why) {
    return Future.succeededFuture(new Found(null, why));
  }

  private Explanation judge(
      Question question, @Nullable Route route, Found found, List<Explanation.Step> steps) {
    KeyHistory key = found.key;
    if (key == null) {
      steps.add(step("credential", false, found.absence));
      return new Explanation(UNAUTHORIZED, steps);
    }
    Verdict verdict = key.verdictAt(question.at());
    Principal principal = verdict.principal();
    String name = "%s... (key %s): ".formatted(key.prefix(), key.key().principal().keyId());
    steps.add(step("credential", principal != null, name + state(key, question.at())));
    if (principal == null) {
      return new Explanation(UNAUTHORIZED, steps);
    }
    steps.add(step("database", true, withoutDatabase(route)));
    boolean near = addAddress(question, verdict, principal.keyPolicy(), steps);
    if (!near) {
      return new Explanation(FORBIDDEN, steps);
    }
    if (route != null && !addScope(question, route, principal, steps)) {
      return new Explanation(FORBIDDEN, steps);
    }
    addLimit(principal.keyPolicy(), steps);
    if (route != null) {
      addRouteLimit(route, "key", steps);
    }
    return new Explanation(0, steps);
  }

  private static String state(KeyHistory key, Instant at) {
    return switch (key.stateAt(at)) {
      case GOOD -> "good at " + at;
      case NOT_MADE -> "unknown then: made at " + key.createdAt();
      case REVOKED -> "revoked since " + key.key().revokedAt();
      case REPLACED -> "rotated, and the grace period over since " + key.key().revokeAfter();
      case ACCOUNT_DISABLED -> "its account disabled since " + key.accountDisabledAt();
      case SERVICE_ACCOUNT_DISABLED ->
          "its service account disabled since " + key.serviceAccountDisabledAt();
      case EXPIRED -> "expired since " + key.key().expiresAt();
    };
  }

  private String withoutDatabase(@Nullable Route route) {
    long wanted = route == null ? CredentialVerifier.AS_CONFIGURED : route.access().maxStaleNanos();
    long nanos =
        cache.onDatabaseLoss() == OnDatabaseLoss.SERVE
            ? Math.min(wanted, cache.maxStaleness().toNanos())
            : 0;
    return nanos == 0
        ? "without it the answer is 503"
        : "without it a gateway that knows the key goes on for %s s, then the answer is 503"
            .formatted(BigDecimal.valueOf(nanos, 9).stripTrailingZeros().toPlainString());
  }

  private static boolean addAddress(
      Question question, Verdict verdict, KeyPolicy policy, List<Explanation.Step> steps) {
    if (policy.allowedIps() == null) {
      steps.add(step("address", true, "the key may be used from anywhere"));
      return true;
    }
    String from = question.clientAddress();
    boolean near = from != null && verdict.from(from).principal() != null;
    String who = from == null ? "not known (give --address)" : from;
    steps.add(step("address", near, who + "; the key is for " + policy.allowedIps()));
    return near;
  }

  private static boolean addScope(
      Question question, Route route, Principal principal, List<Explanation.Step> steps) {
    boolean permitted = route.permits(principal, question.method());
    String wanted =
        route.access().scopes().isEmpty() ? "none" : "one of " + route.access().scopes();
    String carried = carried(principal) + (principal.readOnly() ? ", which only reads" : "");
    steps.add(
        step(
            "scope",
            permitted,
            "%s; the route asks for %s, by %s".formatted(carried, wanted, question.method())));
    return permitted;
  }

  private static String carried(Principal principal) {
    return principal.scopes().isEmpty() ? "every scope" : "scopes " + principal.scopes();
  }

  private static void addLimit(KeyPolicy policy, List<Explanation.Step> steps) {
    KeyPolicy.RateLimit limit = policy.rateLimit();
    String text =
        limit == null
            ? "none"
            : "%d in %d s".formatted(limit.limit(), limit.windowSeconds()) + SPENT;
    steps.add(step("rate limit", true, text));
  }

  /**
   * @param caller whose requests are counted together
   */
  private static void addRouteLimit(Route route, String caller, List<Explanation.Step> steps) {
    RouteLimit limit = route.access().limit();
    steps.add(step("route limit", true, limit == null ? "none" : told(limit, caller) + SPENT));
  }

  private static String told(RouteLimit limit, String caller) {
    return limit.windows().stream()
        .map(window -> window.limit() + " a " + window.name())
        .collect(Collectors.joining(" and ", "", " for each " + caller));
  }

  private static Explanation.Step step(String name, boolean passed, String text) {
    return new Explanation.Step(name, passed, text);
  }
}
