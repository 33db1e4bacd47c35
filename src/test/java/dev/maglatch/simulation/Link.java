// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.simulation;

import static dev.maglatch.simulation.World.MILLI;

import dev.maglatch.simulation.Database.Session;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What postgres.SteadyConnection is: one pipelined connection, given up when an answer is late. In
 * order both ways; what was sent before it broke may still be carried out.
 */
final class Link {
  private static final String ENDED = "the connection has ended";
  private static final String LATE = "late";

  private final World world;
  private final Database database;
  private final Gateway gateway;
  private final long timeoutMillis;
  private final @Nullable Runnable onNotification;
  private @Nullable Connection current;

  Link(
      World world,
      Database database,
      Gateway gateway,
      long timeoutMillis,
      @Nullable Runnable onNotification) {
    this.world = world;
    this.database = database;
    this.gateway = gateway;
    this.timeoutMillis = timeoutMillis;
    this.onNotification = onNotification;
  }

  /** Completes when there is a connection. */
  Future<Void> open() {
    return sendSteadily(session -> Future.succeededFuture());
  }

  /** Like {@link #send}, and once more, in the time that is left, if the connection ended. */
  <T> Future<T> sendSteadily(Function<Session, Future<T>> statement) {
    long begunNanos = gateway.nanoTime();
    return send(statement)
        .recover(
            failed ->
                ENDED.equals(failed.getMessage())
                    ? again(statement, begunNanos)
                    : Future.failedFuture(failed));
  }

  private <T> Future<T> again(Function<Session, Future<T>> statement, long begunNanos) {
    long leftMillis = timeoutMillis - (gateway.nanoTime() - begunNanos) / World.MILLI;
    if (leftMillis <= 0) {
      return Future.failedFuture(LATE);
    }
    Promise<T> answer = Promise.promise();
    send(statement).onSuccess(answer::tryComplete).onFailure(answer::tryFail);
    gateway.later(leftMillis, () -> answer.tryFail(LATE));
    return answer.future();
  }

  <T> Future<T> send(Function<Session, Future<T>> statement) {
    Connection connection = current;
    if (connection == null) {
      connection = new Connection();
      current = connection;
      connection.open();
    }
    return connection.send(statement);
  }

  /** Both sides are told. */
  void cut() {
    if (current != null) {
      Connection cut = current;
      cut.endServerSide();
      cut.toClient(() -> cut.giveUp(ENDED));
    }
  }

  /** This side goes away without a word. */
  void vanish() {
    if (current != null) {
      Connection gone = current;
      current = null;
      gone.broken = true;
      world.after(world.between(0, 800 * MILLI), gone::endServerSide);
    }
  }

  private final class Connection {
    private final Deque<Runnable> inbound = new ArrayDeque<>();
    private final List<Runnable> afterOpening = new ArrayList<>();
    private final Set<Promise<?>> pending = new LinkedHashSet<>();
    private @Nullable Session session;
    private boolean opened;
    private boolean broken;
    private long lastOut;
    private long lastIn;

    void open() {
      toServer(
          () -> {
            if (!database.up()) {
              toClient(() -> giveUp("refused"));
              return;
            }
            Session made = database.connect(this::serverDied);
            session = made;
            if (onNotification != null) {
              made.listen(() -> toClient(onNotification));
            }
            toClient(this::opened);
          });
      gateway.later(
          timeoutMillis,
          () -> {
            if (!opened) {
              giveUp(LATE);
            }
          });
    }

    private void opened() {
      opened = true;
      afterOpening.forEach(Runnable::run);
      afterOpening.clear();
    }

    <T> Future<T> send(Function<Session, Future<T>> statement) {
      Promise<T> answer = Promise.promise();
      pending.add(answer);
      if (opened) {
        transmit(statement, answer);
      } else {
        afterOpening.add(() -> transmit(statement, answer));
      }
      return answer.future();
    }

    private <T> void transmit(Function<Session, Future<T>> statement, Promise<T> answer) {
      Session server = session;
      if (server == null) {
        throw new IllegalStateException("opened without a session");
      }
      toServer(
          () ->
              server
                  .run(() -> statement.apply(server))
                  .onComplete(result -> toClient(() -> answered(answer, result.result()))));
      gateway.later(timeoutMillis, () -> late(answer));
    }

    private <T> void answered(Promise<T> answer, T result) {
      if (pending.remove(answer)) {
        answer.complete(result);
      }
    }

    /** It costs the connection, and whoever else waits on it. */
    private void late(Promise<?> answer) {
      if (pending.remove(answer)) {
        giveUp(ENDED);
        answer.fail(LATE);
      }
    }

    void giveUp(String reason) {
      if (broken) {
        return;
      }
      broken = true;
      if (current == this) {
        current = null;
      }
      world.after(world.between(0, 800 * MILLI), this::endServerSide);
      List<Promise<?>> failing = List.copyOf(pending);
      pending.clear();
      failing.forEach(answer -> answer.fail(reason));
    }

    private void serverDied() {
      if (world.chance(0.8)) {
        toClient(() -> giveUp(ENDED));
      } // else the machine vanished: only a time-out tells
    }

    void endServerSide() {
      if (session != null) {
        session.end();
      }
    }

    /** What arrives after the server's side has ended is not carried out. */
    private void toServer(Runnable work) {
      lastOut = Math.max(lastOut, gateway.arrival()) + 1;
      world.at(
          lastOut,
          () -> {
            if (session == null || !session.dead()) {
              work.run();
            }
          });
    }

    void toClient(Runnable work) {
      lastIn = Math.max(lastIn, gateway.arrival()) + 1;
      inbound.add(work);
      world.at(lastIn, () -> gateway.onThread(this::takeInbound));
    }

    private void takeInbound() {
      Runnable next = inbound.poll();
      if (next != null && !broken) {
        next.run();
      }
    }
  }
}
