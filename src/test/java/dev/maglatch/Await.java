// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import io.vertx.core.Future;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Lets a test thread wait for a future, never without a bound. */
public final class Await {
  private static final int SECONDS = 30;

  private Await() {}

  /** Returns the result. Throws {@link AssertionError} around the failure, or when it is late. */
  public static <T> T result(Future<T> future) {
    try {
      return future.toCompletionStage().toCompletableFuture().get(SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException failed) {
      throw new AssertionError("failed: " + failed.getCause(), failed.getCause());
    } catch (InterruptedException | TimeoutException late) {
      throw new AssertionError("no result within " + SECONDS + " s", late);
    }
  }

  /** Returns the failure. Throws {@link AssertionError} when there is none, or when it is late. */
  public static Throwable failure(Future<?> future) {
    return result(
        future.transform(
            done ->
                done.failed()
                    ? Future.succeededFuture(done.cause())
                    : Future.failedFuture("succeeded with " + done.result())));
  }
}
