// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;

import dev.maglatch.http.Quota;
import io.vertx.core.buffer.Buffer;
import java.util.EnumMap;
import java.util.Map;

/** The JSON bodies of refusals in every dialect, encoded once. Immutable. */
final class ErrorBodies {
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

  /** Returns what MagicPost's clients are told about an allowance that is spent. */
  static Buffer magicPost(Quota quota) {
    return Buffer.buffer(
        limited(
            magicPostError(Refusal.RATE_LIMITED, Refusal.RATE_LIMITED.code()),
            Long.toString(quota.count()),
            Long.toString(quota.limit())));
  }

  private static String magpipe(Refusal why) {
    return "{\"error\":{\"code\":\"" + why.code() + "\",\"message\":\"" + why.text() + "\"}}";
  }

  private static String magicPost(Refusal why, String type) {
    String error = magicPostError(why, type);
    return why == Refusal.RATE_LIMITED ? limited(error, "null", "null") : error + "}";
  }

  private static String magicPostError(Refusal why, String type) {
    return "{\"error\":\"" + why.text() + "\",\"error_type\":\"" + type + "\"";
  }

  private static String limited(String error, String count, String limit) {
    return error
        + ",\"current_count\":"
        + count
        + ",\"limit\":"
        + limit
        + ",\"hint\":\""
        + Quota.HINT
        + "\"}";
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
