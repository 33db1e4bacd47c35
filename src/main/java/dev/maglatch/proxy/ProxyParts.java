// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.http.Cors;
import dev.maglatch.http.RequestIds;
import dev.maglatch.limit.KeyLimits;
import dev.maglatch.limit.WindowLimits;
import dev.maglatch.verify.StreamVerifier;
import java.time.InstantSource;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/**
 * What the data plane needs of the rest of the gateway. All of it is shared by the event loops and
 * safe on any thread.
 *
 * @param ownSession whether a credential is a session token of our own making, which goes to no
 *     upstream even where no credential is read
 */
public record ProxyParts(
    StreamVerifier verifier,
    KeyLimits limits,
    WindowLimits windows,
    Predicate<String> ownSession,
    KeyUse use,
    OwnRoutes ownRoutes,
    Cors cors,
    RequestIds requestIds,
    ProxyMetrics metrics,
    AccessLog accessLog,
    InstantSource clock,
    LongSupplier nanoTime) {

  /** Returns the same with other own routes. */
  public ProxyParts with(OwnRoutes others) {
    return new ProxyParts(
        verifier,
        limits,
        windows,
        ownSession,
        use,
        others,
        cors,
        requestIds,
        metrics,
        accessLog,
        clock,
        nanoTime);
  }
}
