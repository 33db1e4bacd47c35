// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;

import io.vertx.core.buffer.Buffer;
import java.util.EnumMap;
import java.util.Map;

/** The JSON bodies of refusals in every dialect, encoded once. Immutable. */
final class ErrorBodies {
  private static final String LIMIT_HINT = "Too many requests. Wait for Retry-After seconds.";

  private final Map<Refusal, byte[]> magpipe = encoded(ErrorBodies::magpipe);
  private final Map<Refusal, byte[]> magicPost = encoded(why -> magicPost(why, magicPostType(why)));
  private final byte[] unknownUser =
      magicPost(Refusal.UNAUTHORIZED, "user_not_found").getBytes(US_ASCII);

  /** Writes a text for each refusal. */
  private interface Writing {
    String of(Refusal why);
  }

  /**
   * Returns the body of a refusal.
   *
   * @param ownToken whether a token that looks like one of ours was sent
   * @param requestId sane, so that it needs no escaping
   */
  Buffer of(Dialect dialect, Refusal why, boolean ownToken, String requestId) {
    return switch (dialect) {
      case MAGPIPE -> Buffer.buffer(bytes(magpipe, why));
      case MAGICPOST ->
          Buffer.buffer(
              why == Refusal.UNAUTHORIZED && ownToken ? unknownUser : bytes(magicPost, why));
      case ORGANIZATION -> Buffer.buffer(envelope(why, requestId));
    };
  }

  private static String magpipe(Refusal why) {
    return "{\"error\":{\"code\":\"" + why.code() + "\",\"message\":\"" + why.text() + "\"}}";
  }

  private static String magicPost(Refusal why, String type) {
    String error = "{\"error\":\"" + why.text() + "\",\"error_type\":\"" + type + "\"";
    return why == Refusal.RATE_LIMITED
        ? error + ",\"current_count\":null,\"limit\":null,\"hint\":\"" + LIMIT_HINT + "\"}"
        : error + "}";
  }

  private static String magicPostType(Refusal why) {
    return switch (why) {
      case UNAUTHORIZED -> "auth_required";
      case UNDECIDED -> "auth_unavailable";
      default -> why.code();
    };
  }

  private static String envelope(Refusal why, String requestId) {
    return "{\"code\":"
        + why.status()
        + ",\"message\":\""
        + why.text()
        + "\",\"requestId\":\""
        + requestId
        + "\"}";
  }

  private static Map<Refusal, byte[]> encoded(Writing writing) {
    Map<Refusal, byte[]> bodies = new EnumMap<>(Refusal.class);
    for (Refusal why : Refusal.values()) {
      bodies.put(why, writing.of(why).getBytes(US_ASCII));
    }
    return bodies;
  }

  private static byte[] bytes(Map<Refusal, byte[]> bodies, Refusal why) {
    return requireNonNull(bodies.get(why), why::code); // each refusal has one
  }
}
