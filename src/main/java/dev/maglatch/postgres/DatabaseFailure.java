// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import dev.maglatch.fault.Fault;
import io.vertx.core.VertxException;
import io.vertx.pgclient.PgException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Tells a database that cannot answer from a statement that was wrong.
 *
 * <p>The first is {@link Fault.Code#STORE_UNAVAILABLE}, and so is a commit whose outcome is
 * unknown; the second is a defect of ours.
 */
final class DatabaseFailure {
  private static final String UNIQUE_VIOLATION = "23505";
  private static final String STALE_PLAN = "0A000";

  /** The server is being stopped; another of its processes has crashed. */
  private static final Set<String> GOODBYES = Set.of("57P01", "57P02");

  /** How the client refuses to send anything on a connection that is closed already. */
  private static final String NOT_SENT = "Connection is not active now";

  /**
   * Connection, login, resources, operator intervention (statement timeouts too), system error; and
   * rollbacks of serialization failures and deadlocks.
   */
  private static final Set<String> UNAVAILABLE_CLASSES =
      Set.of("08", "28", "53", "57", "58", "3D", "40");

  /** Lock timeout, and a primary that is in recovery or read-only. */
  private static final Set<String> UNAVAILABLE_STATES = Set.of("55P03", "25006", "25P03", "25P04");

  private DatabaseFailure() {}

  /** Returns {@code failure} as a fault; a fault is returned as it is. */
  static Fault fault(Throwable failure) {
    if (failure instanceof Fault fault) {
      return fault;
    }
    return unavailable(failure)
        ? Fault.of(Fault.Code.STORE_UNAVAILABLE, "database did not answer: " + failure, failure)
        : Fault.of(Fault.Code.INTERNAL, "database refused a statement: " + failure, failure);
  }

  /** Whether {@code failure} is a violation of the unique constraint of that name. */
  static boolean violates(Throwable failure, String constraint) {
    return failure instanceof PgException refused
        && UNIQUE_VIOLATION.equals(refused.getSqlState())
        && constraint.equals(refused.getConstraint());
  }

  /**
   * Whether the work had no effect and may do better now: a table changed under a prepared
   * statement, or the connection was closed before the statement was sent.
   */
  static boolean worthASecondTry(Throwable failure) {
    return failure instanceof PgException refused
        ? STALE_PLAN.equals(refused.getSqlState())
        : String.valueOf(failure.getMessage()).startsWith(NOT_SENT);
  }

  /** Whether the server has ended the connection, and not the statement alone. */
  static boolean saysGoodbye(PgException failure) {
    return GOODBYES.contains(String.valueOf(failure.getSqlState()));
  }

  private static boolean unavailable(Throwable failure) {
    if (failure instanceof PgException refused) {
      return unavailable(refused.getSqlState());
    }
    // The client's word for using a connection that was lost a moment ago is an illegal state.
    return failure instanceof VertxException
        || failure instanceof IllegalStateException
        || !(failure instanceof RuntimeException);
  }

  private static boolean unavailable(@Nullable String state) {
    return state != null
        && state.length() == 5
        && (UNAVAILABLE_STATES.contains(state)
            || UNAVAILABLE_CLASSES.contains(state.substring(0, 2)));
  }
}
