// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.ops;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import dev.maglatch.proxy.AccessLog;
import java.time.Instant;
import java.util.Locale;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Writes one line for each request, on a thread of its own.
 *
 * <p>An event loop only hands an entry over. When {@value #CAPACITY} entries wait, further ones are
 * dropped and counted; the count is logged once there is room again. No line holds a token: a path
 * that contains one shows its prefix only.
 */
public final class AccessLines implements AccessLog, AutoCloseable {
  static final int CAPACITY = 8_192;
  private static final long STOP_MILLIS = 2_000;
  private static final Pattern TOKEN =
      Pattern.compile("(mgp_[0-9a-fA-F]{4}|mp_[A-Za-z0-9_-]{6})[A-Za-z0-9_-]{8,}");
  private static final Pattern UNPRINTABLE = Pattern.compile("[^!-~]");

  private final Logger log;
  private final BlockingQueue<Entry> waiting = new ArrayBlockingQueue<>(CAPACITY);
  private final AtomicLong dropped = new AtomicLong(); // since the last line
  private final AtomicLong droppedInAll = new AtomicLong();
  private final Thread writer = new Thread(this::write, "maglatch-access-log");
  private volatile boolean closed;

  /** Starts writing to the logger {@code access}. */
  public AccessLines() {
    this(LoggerFactory.getLogger("access"));
  }

  AccessLines(Logger log) {
    this.log = log;
    writer.setDaemon(true);
    writer.start();
  }

  @Override
  public void ended(Entry entry) {
    if (!waiting.offer(entry)) {
      dropped.incrementAndGet();
      droppedInAll.incrementAndGet();
    }
  }

  /** Returns how many entries were lost because the queue was full. */
  public long dropped() {
    return droppedInAll.get();
  }

  /** Writes what waits, for two seconds at most, and stops. Blocks. */
  @Override
  public void close() {
    closed = true;
    writer.interrupt();
    try {
      writer.join(STOP_MILLIS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void write() {
    while (!closed) {
      try {
        line(waiting.take());
      } catch (InterruptedException stopping) {
        break;
      }
    }
    for (Entry left = waiting.poll(); left != null; left = waiting.poll()) {
      line(left);
    }
  }

  private void line(Entry entry) {
    LoggingEventBuilder line =
        log.atInfo()
            .addKeyValue("at", Instant.ofEpochMilli(entry.startedAtMillis()))
            .addKeyValue("method", printable(entry.method()))
            .addKeyValue("path", printable(entry.path()))
            .addKeyValue("status", entry.status())
            .addKeyValue("decision", lower(entry.decision()))
            .addKeyValue("ending", lower(entry.ending()))
            .addKeyValue("route", entry.route() == null ? "-" : entry.route())
            .addKeyValue("key_id", entry.keyId() == null ? "-" : entry.keyId())
            .addKeyValue("client", entry.clientAddress())
            .addKeyValue("request_id", entry.requestId())
            .addKeyValue("request_bytes", entry.requestBytes())
            .addKeyValue("response_bytes", entry.responseBytes())
            .addKeyValue("micros", NANOSECONDS.toMicros(entry.durationNanos()));
    long lost = dropped.getAndSet(0);
    if (lost > 0) {
      line = line.addKeyValue("dropped_before", lost);
    }
    line.log("request");
  }

  private static String printable(String text) {
    String shown = TOKEN.matcher(text).replaceAll("$1...");
    return UNPRINTABLE.matcher(shown).replaceAll("?");
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
