// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.awaitility.Awaitility;

/** A main class of this build in a JVM of its own, with nothing of our MAGLATCH_ environment. */
public final class ChildProcess implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final Process process;
  private final ByteArrayOutputStream output = new ByteArrayOutputStream();
  private final ByteArrayOutputStream errors = new ByteArrayOutputStream();
  private final List<Thread> readers = new ArrayList<>();

  private ChildProcess(Process process) {
    this.process = process;
    readers.add(collect(process.getInputStream(), output));
    readers.add(collect(process.getErrorStream(), errors));
  }

  public static ChildProcess start(
      Class<?> main, List<String> arguments, Map<String, String> environment) throws IOException {
    return start(
        List.of("-Xmx256m", "-XX:+UseSerialGC", "-Dlogback.configurationFile=logback.xml"),
        main,
        arguments,
        environment);
  }

  public static ChildProcess start(
      List<String> jvmOptions,
      Class<?> main,
      List<String> arguments,
      Map<String, String> environment)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(jvmOptions);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("MAGLATCH_"));
    builder.environment().putAll(environment);
    return new ChildProcess(builder.start());
  }

  /** Waits until the output contains {@code text} and returns all of it. */
  public String awaitOutput(String text) {
    return await(text, this::output);
  }

  /** Waits until the log, which goes to standard error, contains {@code text}; returns it all. */
  public String awaitErrors(String text) {
    return await(text, this::errors);
  }

  private String await(String text, Supplier<String> stream) {
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> stream.get().contains(text) || !process.isAlive());
    if (!stream.get().contains(text)) {
      throw new AssertionError("ended without saying " + text + ":\n" + output() + errors());
    }
    return stream.get();
  }

  /** Asks the process to end, as Ctrl-C and orchestrators do, and returns its exit code. */
  public int stop() throws InterruptedException {
    process.destroy();
    return awaitExit();
  }

  /** Ends the process without any chance to tidy up. */
  public void kill() throws InterruptedException {
    process.destroyForcibly();
    awaitExit();
  }

  /** Waits for the process to end by itself and returns its exit code. */
  public int awaitExit() throws InterruptedException {
    if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("did not end in time:\n" + output() + errors());
    }
    for (Thread reader : readers) {
      reader.join(PATIENCE.toMillis());
    }
    return process.exitValue();
  }

  public String output() {
    return output.toString(UTF_8);
  }

  public String errors() {
    return errors.toString(UTF_8);
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  public long pid() {
    return process.pid();
  }

  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
  }

  private static Thread collect(InputStream stream, ByteArrayOutputStream into) {
    Thread reader = new Thread(() -> copy(stream, into), "child-output");
    reader.setDaemon(true);
    reader.start();
    return reader;
  }

  private static void copy(InputStream stream, ByteArrayOutputStream into) {
    try (stream) {
      stream.transferTo(into);
    } catch (IOException ended) {
      // the process is gone
    }
  }
}
