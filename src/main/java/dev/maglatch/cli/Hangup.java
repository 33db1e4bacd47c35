// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The signal by which an operator asks a service to read its configuration again (SIGHUP). */
final class Hangup {
  /*
   * Java has no interface for signals but sun.misc.Signal, which every JDK exports and whose use
   * the compiler warns of. A process that was started to ignore the signal (nohup) goes on to do so.
   */
  private static final Logger LOG = LoggerFactory.getLogger(Hangup.class);
  private static final String NAME = "HUP";

  private Hangup() {}

  /** Runs {@code action}, on a thread of its own, each time the signal comes. */
  static void listen(Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object listener =
          Proxy.newProxyInstance(
              Hangup.class.getClassLoader(),
              new Class<?>[] {handler},
              (proxy, method, arguments) -> answer(proxy, method, arguments, action));
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance(NAME), listener);
    } catch (ReflectiveOperationException | RuntimeException unsupported) {
      LOG.debug("no signal to read the configuration again by reason={}", unsupported.toString());
    }
  }

  private static @Nullable Object answer(
      Object proxy, Method method, @Nullable Object @Nullable [] arguments, Runnable action) {
    return switch (method.getName()) {
      case "handle" -> {
        action.run();
        yield null;
      }
      case "hashCode" -> System.identityHashCode(proxy);
      case "equals" -> arguments != null && proxy == arguments[0];
      default -> NAME;
    };
  }
}
