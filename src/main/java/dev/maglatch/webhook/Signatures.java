// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.maglatch.secret.Secret;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The two signatures that every delivery carries: Magpipe's, and that of Standard Webhooks 1.0.
 *
 * <p>Magpipe's key is the whole text of the secret; the other one's is what follows {@code whsec_},
 * read as base64 though it looks like hex: stock verifiers know no other way. While an earlier
 * secret is still good, Standard Webhooks carries a signature by each, the newest first; Magpipe
 * has room for one, by the newest.
 */
final class Signatures {
  static final String PREFIX = "whsec_";
  private static final String HMAC = "HmacSHA256";

  private Signatures() {}

  /**
   * Returns the headers that sign one attempt.
   *
   * @param secrets at least one, the newest first
   * @param epochSeconds when the attempt is made
   * @param body exactly as it is sent
   */
  static Map<String, String> headers(
      List<Secret> secrets, String webhookId, long epochSeconds, byte[] body) {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("webhook-id", webhookId);
    headers.put("webhook-timestamp", Long.toString(epochSeconds));
    headers.put("webhook-signature", standard(secrets, webhookId + "." + epochSeconds + ".", body));
    headers.put("x-magpipe-signature", magpipe(secrets.get(0), body));
    return headers;
  }

  private static String magpipe(Secret secret, byte[] body) {
    byte[] key = secret.reveal().getBytes(UTF_8);
    return "sha256=" + HexFormat.of().formatHex(hmac(key, new byte[0], body));
  }

  private static String standard(List<Secret> secrets, String head, byte[] body) {
    List<String> signatures = new ArrayList<>();
    for (Secret secret : secrets) {
      byte[] key = Base64.getDecoder().decode(secret.reveal().substring(PREFIX.length()));
      byte[] signature = hmac(key, head.getBytes(UTF_8), body);
      signatures.add("v1," + Base64.getEncoder().encodeToString(signature));
    }
    return String.join(" ", signatures);
  }

  private static byte[] hmac(byte[] key, byte[] head, byte[] body) {
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(new SecretKeySpec(key, HMAC));
      mac.update(head);
      return mac.doFinal(body);
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(HMAC + " is part of every JDK", impossible);
    }
  }
}
