// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.fault.Fault;
import java.util.Collection;

/**
 * Counts what happens on the public listener. Called on every event loop; must not block.
 *
 * <p>Each request is {@link #began} once and {@link #ended} once, and between the two decided at
 * most once. In flight = began - ended. Alert when {@link Decision#UNDECIDED} grows.
 */
public interface ProxyMetrics {
  ProxyMetrics NONE = new ProxyMetrics() {};

  /** These are the routes from now on, beside those that were told of before. On any thread. */
  default void routes(Collection<String> names) {}

  /** A client's connection was taken up. */
  default void connectionOpened() {}

  /** A connection that was taken up is closed. */
  default void connectionClosed() {}

  /**
   * A client's connection was closed at once.
   *
   * @param byAddress whether its address has too many; else there are too many in all
   */
  default void connectionRefused(boolean byAddress) {}

  /** A request arrived. */
  default void began() {}

  /**
   * The gateway made up its mind.
   *
   * @param nanos spent on the credential, waiting for the store included; 0 if none was looked at
   */
  default void decided(Decision decision, long nanos) {}

  /**
   * An upstream sent the head of an answer.
   *
   * @param route its configured name
   * @param status of the answer, 200 to 999, or 101
   * @param nanos from the beginning of the request to the head
   */
  default void upstreamAnswered(String route, int status, long nanos) {}

  /** An upstream gave no answer, or not all of it. */
  default void upstreamFailed(String route, Fault.Code code) {}

  /** A request was sent again: the connection was stale, or its server gave no answer. */
  default void retried(String route) {}

  /** One of several servers failed so often that it gets no requests for a while. */
  default void ejected(String route) {}

  /** These are the servers from now on, and no other. On any thread. */
  default void targets(Collection<TargetHealth> targets) {}

  /** An open stream was ended because its credential was good no longer. */
  default void lapsed(Lapse why) {}

  /** The last byte was handed over, or there will be none. */
  default void ended(Ending ending) {}
}
