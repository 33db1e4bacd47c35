// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.Await;
import dev.maglatch.fault.Fault;
import dev.maglatch.secret.Secret;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.security.SecureRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PasswordsTest {
  private static final Secret PASSWORD = new Secret("correct horse");

  private final Vertx vertx = Vertx.vertx();
  private final Passwords passwords =
      new Passwords(vertx, new SecureRandom(), SessionMetrics.NONE, 1);

  @AfterEach
  void stop() {
    Await.result(vertx.close());
  }

  /** A flood of sign-ins must not grow the memory, nor delay one another without end. */
  @Test
  void whatIsTooMuchIsRefusedAtOnceAndLeavesNothingBehind() {
    Future<Boolean> running = passwords.matches(PASSWORD, null);

    assertThat(Await.failure(passwords.hash(PASSWORD)))
        .isInstanceOfSatisfying(
            Fault.class, fault -> assertThat(fault.code()).isEqualTo(Fault.Code.OVERLOADED));
    assertThat(Await.result(running)).isFalse();
    assertThat(Await.result(passwords.matches(PASSWORD, null))).isFalse();
  }
}
