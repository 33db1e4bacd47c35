// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.maglatch.key.TokenShape;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import java.util.Base64;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Tells credentials that only the gateway may see from those that an open route passes on. Safe on
 * any thread.
 *
 * <p>Under which scheme one of ours was sent does not matter: a client that sends its key by the
 * wrong one has shown it all the same.
 */
final class OwnCredentials {
  private static final String BASIC = "basic ";

  private final Predicate<String> ownSession;

  /**
   * @param ownSession whether a token is a session of our own making
   */
  OwnCredentials(Predicate<String> ownSession) {
    this.ownSession = ownSession;
  }

  /** Whether {@code Authorization} carries one. Of several such fields nobody can say. */
  boolean in(MultiMap headers) {
    String sent = headers.get(HttpHeaders.AUTHORIZATION);
    if (sent == null) {
      return false;
    }
    return headers.getAll(HttpHeaders.AUTHORIZATION).size() > 1
        || mentions(sent, TokenShape.MGP)
        || mentions(sent, TokenShape.MP)
        || holdsSession(sent)
        || isNameOrPassword(sent);
  }

  /** Whether a token of {@code shape} begins anywhere, but not inside of another one. */
  private static boolean mentions(String credential, TokenShape shape) {
    int at = credential.indexOf(shape.prefix());
    while (at > 0 && Characters.OF_TOKEN.contains(credential.charAt(at - 1))) {
      at = credential.indexOf(shape.prefix(), at + 1);
    }
    return at >= 0;
  }

  private boolean holdsSession(String credential) {
    int begin = 0;
    for (int end = 0; end <= credential.length(); end++) {
      if (end == credential.length() || !Characters.OF_TOKEN.contains(credential.charAt(end))) {
        if (end > begin && ownSession.test(credential.substring(begin, end))) {
          return true;
        }
        begin = end + 1;
      }
    }
    return false;
  }

  /** Whether one of ours is what {@code Basic} carries: there nobody can see it by its prefix. */
  private boolean isNameOrPassword(String credential) {
    String pair = basic(credential);
    if (pair == null) {
      return false;
    }
    int colon = pair.indexOf(':');
    return colon < 0
        ? isOurs(pair)
        : isOurs(pair.substring(0, colon)) || isOurs(pair.substring(colon + 1));
  }

  private boolean isOurs(String token) {
    return TokenShape.lookingLike(token) != null || ownSession.test(token);
  }

  /** Returns what stands for name and password; null under another scheme, or if it is none. */
  private static @Nullable String basic(String credential) {
    if (!credential.regionMatches(true, 0, BASIC, 0, BASIC.length())) {
      return null;
    }
    try {
      byte[] pair = Base64.getDecoder().decode(credential.substring(BASIC.length()).strip());
      return new String(pair, ISO_8859_1);
    } catch (IllegalArgumentException notBase64) {
      return null;
    }
  }
}
