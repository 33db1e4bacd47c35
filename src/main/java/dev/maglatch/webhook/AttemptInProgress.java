// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import dev.maglatch.webhook.Attempt.Kind;
import io.netty.channel.ConnectTimeoutException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import java.net.ConnectException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * One attempt from its first moment to its last, which comes at the timeout at the latest. Whatever
 * happens afterwards changes nothing. One thread.
 */
final class AttemptInProgress {
  private static final int MAX_BODY_BYTES = 64 * 1024;
  private static final int MAX_ANSWER_CHARACTERS = 2_000;
  private static final int MAX_INTERIM_ANSWERS = 100;
  private static final int FIRST_LAST_STATUS = 200;
  private static final Duration LEAST_RETRY_AFTER = Duration.ofSeconds(1);
  private static final Duration MOST_RETRY_AFTER = Duration.ofHours(1);

  private final Vertx vertx;
  private final InstantSource clock;
  private final long beganNanos = System.nanoTime();
  private final Promise<Attempt> result = Promise.promise();
  private final Buffer body = Buffer.buffer();
  private @Nullable HttpClientRequest request;
  private @Nullable HttpClientResponse response;
  private Map<String, String> sent = Map.of();
  private String notConnected = "";
  private long timer;
  private int interim;
  private boolean over;

  AttemptInProgress(Vertx vertx, Duration timeout, InstantSource clock) {
    this.vertx = vertx;
    this.clock = clock;
    this.timer = vertx.setTimer(timeout.toMillis(), late -> lookOnceMore(timeout));
  }

  Future<Attempt> future() {
    return result.future();
  }

  boolean isOver() {
    return over;
  }

  /** Ends without having sent anything, for good. */
  void forbid(String reason) {
    end(new Attempt(Kind.FORBIDDEN, 0, "", reason, null, millis(), sent));
  }

  /** Ends without having sent anything, for now. */
  void leaveUnsent(String reason) {
    end(new Attempt(Kind.UNSENT, 0, "", reason, null, millis(), sent));
  }

  /** Ends without a whole answer. */
  void fail(String reason) {
    end(new Attempt(Kind.UNREACHABLE, status(), answer(), reason, null, millis(), sent));
  }

  /** Notes why one address could not be connected to. */
  void notConnected(Throwable failure) {
    notConnected = reason(failure);
  }

  /** Ends without a connection: what the last address had to say, or that there was none. */
  void failToConnect(String withoutAddress) {
    fail(notConnected.isEmpty() ? withoutAddress : notConnected);
  }

  /** Notes the request on its connection; returns false if it comes too late. */
  boolean began(HttpClientRequest connected) {
    if (over) {
      connected.reset();
      return false;
    }
    request = connected;
    connected.continueHandler(goOn -> interim());
    connected.earlyHintsHandler(hints -> interim());
    return true;
  }

  /** Notes an answer that is not the last one. Endless ones would keep the loop from all others. */
  private void interim() {
    interim++;
    if (interim > MAX_INTERIM_ANSWERS) {
      cutOff("more than " + MAX_INTERIM_ANSWERS + " answers before the answer");
    }
  }

  private void cutOff(String reason) {
    fail(reason);
    reset();
  }

  /** Notes the headers that the request has. */
  void sends(Map<String, String> headers) {
    sent = headers;
  }

  /** Takes the head of the answer, and as much of its body as anybody will see. */
  void answered(HttpClientResponse head) {
    if (over) {
      return;
    }
    head.exceptionHandler(broken -> {}); // the future of its end tells of it
    if (head.statusCode() < FIRST_LAST_STATUS) {
      cutOff("the answer " + head.statusCode() + " is none");
      return;
    }
    response = head;
    head.handler(this::take);
    head.end().onSuccess(whole -> complete()).onFailure(this::broke);
  }

  private void take(Buffer chunk) {
    if (over) {
      return;
    }
    int room = MAX_BODY_BYTES - body.length();
    body.appendBuffer(chunk.length() <= room ? chunk : chunk.slice(0, room));
    if (chunk.length() > room) {
      complete(); // the receiver has answered, whatever it goes on to say
      reset();
    }
  }

  private void complete() {
    end(new Attempt(Kind.ANSWERED, status(), answer(), null, retryAfter(), millis(), sent));
  }

  void broke(Throwable failure) {
    fail(reason(failure));
  }

  /**
   * A process that stood still over the time wakes with its timers, and reads only afterwards what
   * has come meanwhile: an answer that lies there counts.
   */
  private void lookOnceMore(Duration timeout) {
    timer = vertx.setTimer(1, late -> timedOut(timeout));
  }

  private void timedOut(Duration timeout) {
    cutOff(
        (response == null ? "no answer within " : "no whole answer within ")
            + timeout.toMillis()
            + " ms");
  }

  private void end(Attempt attempt) {
    if (!over) {
      over = true;
      vertx.cancelTimer(timer);
      result.complete(attempt);
    }
  }

  private void reset() {
    if (request != null) {
      request.reset();
    }
  }

  private int status() {
    return response == null ? 0 : response.statusCode();
  }

  /** Returns what can be stored of the body: bytes that are no UTF-8 are shown as such. */
  private String answer() {
    String text = new String(body.getBytes(), UTF_8).replace("\0", "");
    return text.codePointCount(0, text.length()) <= MAX_ANSWER_CHARACTERS
        ? text
        : text.substring(0, text.offsetByCodePoints(0, MAX_ANSWER_CHARACTERS));
  }

  private long millis() {
    return NANOSECONDS.toMillis(System.nanoTime() - beganNanos);
  }

  private @Nullable Duration retryAfter() {
    String sent = response == null ? null : response.getHeader("retry-after");
    Duration asked = sent == null ? null : parsed(sent.strip());
    if (asked == null) {
      return null;
    }
    if (asked.compareTo(LEAST_RETRY_AFTER) < 0) {
      return LEAST_RETRY_AFTER;
    }
    return asked.compareTo(MOST_RETRY_AFTER) > 0 ? MOST_RETRY_AFTER : asked;
  }

  private @Nullable Duration parsed(String text) {
    if (text.matches("[0-9]{1,9}")) {
      return Duration.ofSeconds(Long.parseLong(text));
    }
    try {
      Instant then = Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(text));
      return Duration.between(clock.instant(), then);
    } catch (DateTimeException neither) {
      return null;
    }
  }

  private static String reason(Throwable failure) {
    if (failure instanceof SSLException) {
      return "TLS failed: " + failure.getMessage();
    }
    if (failure instanceof ConnectTimeoutException) {
      return "no connection in time";
    }
    return failure instanceof ConnectException ? "connection refused" : "the connection broke";
  }
}
