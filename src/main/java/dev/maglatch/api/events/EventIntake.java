// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.events;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.maglatch.api.IdempotencyHeader;
import dev.maglatch.api.Ids;
import dev.maglatch.api.StrictJson;
import dev.maglatch.fault.Fault;
import dev.maglatch.http.BearerToken;
import dev.maglatch.secret.Secret;
import dev.maglatch.webhook.EventStore;
import dev.maglatch.webhook.EventStore.Published;
import dev.maglatch.webhook.EventStore.Repetition;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes events of upstreams in: 202 says that the event and its deliveries are committed.
 *
 * <p>Closed to everybody while there is no token. Runs on the event loop of the request.
 */
public final class EventIntake {
  /** Where it is on the listener for operators. */
  public static final String PATH = "/_maglatch/events";

  private static final Logger LOG = LoggerFactory.getLogger(EventIntake.class);
  private static final int MAX_BYTES = 64 * 1024;
  private static final long MAX_MILLIS = 20_000;
  private static final String OWN_EVENTS = "api_key.";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*");
  private static final int MAX_NAME = 128;

  private final Vertx vertx;
  private final @Nullable Secret token;
  private final Supplier<@Nullable EventStore> store;

  /**
   * @param token what a publisher must know; null if nobody may publish
   * @param store yields null as long as there is none yet
   */
  public EventIntake(Vertx vertx, @Nullable Secret token, Supplier<@Nullable EventStore> store) {
    this.vertx = vertx;
    this.token = token;
    this.store = store;
  }

  /** Answers one request: token, then body, then the store. */
  public void answer(HttpServerRequest request) {
    if (!isKnown(BearerToken.of(request.headers()))) {
      request.response().putHeader("WWW-Authenticate", "Bearer realm=\"maglatch\"");
      refuse(request, 401, "Unauthorized");
      return;
    }
    if ("100-continue".equalsIgnoreCase(request.getHeader(HttpHeaders.EXPECT))) {
      request.response().writeContinue();
    }
    Buffer body = Buffer.buffer();
    long deadline = vertx.setTimer(MAX_MILLIS, late -> request.connection().close());
    request.handler(chunk -> take(request, body, chunk));
    request.exceptionHandler(broken -> vertx.cancelTimer(deadline));
    request.endHandler(
        end -> {
          vertx.cancelTimer(deadline);
          if (!request.response().ended()) {
            publish(request, body);
          }
        });
  }

  private boolean isKnown(BearerToken sent) {
    return token != null
        && sent.kind() == BearerToken.Kind.PRESENT
        && MessageDigest.isEqual(sent.text().getBytes(UTF_8), token.reveal().getBytes(UTF_8));
  }

  private static void take(HttpServerRequest request, Buffer body, Buffer chunk) {
    if (request.response().ended()) {
      return;
    }
    if (body.length() + chunk.length() > MAX_BYTES) {
      request.response().putHeader(HttpHeaders.CONNECTION, "close");
      refuse(request, 413, "Body must be at most 64 kB");
    } else {
      body.appendBuffer(chunk);
    }
  }

  private void publish(HttpServerRequest request, Buffer body) {
    JsonObject sent = StrictJson.object(body);
    String complaint = sent == null ? "Body must be a JSON object" : complaint(sent, request);
    EventStore events = store.get();
    if (sent == null || complaint != null) {
      refuse(request, 400, String.valueOf(complaint));
    } else if (events == null) {
      unavailable(request);
    } else {
      publish(events, sent, IdempotencyHeader.key(request.headers()))
          .onSuccess(published -> published(request, published))
          .onFailure(failure -> failed(request, failure));
    }
  }

  private static Future<@Nullable Published> publish(
      EventStore events, JsonObject sent, @Nullable String once) {
    UUID account = UUID.fromString(sent.getString("account_id"));
    JsonObject data = sent.getJsonObject("data");
    return events.publish(
        account, sent.getString("event"), data == null ? new JsonObject() : data, once);
  }

  private static @Nullable String complaint(JsonObject sent, HttpServerRequest request) {
    MultiMap headers = request.headers();
    if (IdempotencyHeader.isIn(headers) && IdempotencyHeader.key(headers) == null) {
      return IdempotencyHeader.COMPLAINT;
    }
    if (!(sent.getValue("account_id") instanceof String id) || Ids.uuid(id) == null) {
      return "account_id must be a UUID";
    }
    if (!(sent.getValue("event") instanceof String event)
        || event.length() > MAX_NAME
        || !NAME.matcher(event).matches()) {
      return "event must be a name such as call.completed, of at most 128 characters";
    }
    if (event.toLowerCase(Locale.ROOT).startsWith(OWN_EVENTS)) {
      return "event must not begin with api_key.";
    }
    Object data = sent.getValue("data");
    return data == null || data instanceof JsonObject ? null : "data must be a JSON object";
  }

  private static void published(HttpServerRequest request, @Nullable Published published) {
    if (published == null) {
      refuse(request, 404, "Account not found");
      return;
    }
    if (published.repetition() == Repetition.OTHER_EVENT) {
      refuse(request, 422, "This Idempotency-Key was sent with another event");
      return;
    }
    if (published.repetition() == Repetition.REPLAYED) {
      request.response().putHeader(IdempotencyHeader.REPLAYED, "true");
    }
    send(
        request,
        202,
        new JsonObject()
            .put("id", published.id().toString())
            .put("deliveries", published.deliveries()));
  }

  private static void failed(HttpServerRequest request, Throwable failure) {
    Fault fault = Fault.from(failure);
    LOG.warn("event not taken in reason={}", fault.getMessage());
    if (fault.code() == Fault.Code.STORE_UNAVAILABLE) {
      unavailable(request);
    } else {
      refuse(request, fault.code().status(), fault.publicText());
    }
  }

  private static void unavailable(HttpServerRequest request) {
    request.response().putHeader(HttpHeaders.RETRY_AFTER, "1");
    refuse(request, 503, "Service unavailable");
  }

  private static void refuse(HttpServerRequest request, int status, String text) {
    send(request, status, new JsonObject().put("error", text));
  }

  private static void send(HttpServerRequest request, int status, JsonObject body) {
    if (request.response().closed() || request.response().ended()) {
      return;
    }
    request
        .response()
        .setStatusCode(status)
        .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
        .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
        .end(body.toBuffer());
  }
}
