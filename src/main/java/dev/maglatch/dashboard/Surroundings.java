// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.http.Cors;
import dev.maglatch.http.SessionCookie;
import dev.maglatch.http.TrustedProxies;
import dev.maglatch.key.KeyKind;
import dev.maglatch.session.OneTimeLink;
import io.vertx.core.Vertx;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What pages need to know of the gateway they are part of.
 *
 * @param publicUrl the origin that clients know; null if not set
 * @param kinds of keys that can be made here
 * @param whoAmI where a key of a kind can be tried; null if nowhere
 * @param acceptsUrl whether events may be sent to a URL
 * @param link lets the first account in
 */
public record Surroundings(
    Vertx vertx,
    SessionCookie cookie,
    Cors cors,
    TrustedProxies proxies,
    @Nullable String publicUrl,
    Set<KeyKind> kinds,
    Function<KeyKind, @Nullable String> whoAmI,
    Predicate<String> acceptsUrl,
    OneTimeLink link) {}
