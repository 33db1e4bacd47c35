// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.standardwebhooks.Webhook;
import com.standardwebhooks.exceptions.WebhookVerificationException;
import dev.maglatch.secret.Secret;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SignaturesTest {
  private static final Secret ZEROS = new Secret("whsec_" + "0".repeat(64));
  private static final Secret OTHER = new Secret("whsec_" + "0123456789abcdef".repeat(4));
  private static final String BODY =
      "{\"event\":\"call.completed\",\"timestamp\":\"2026-02-18T15:30:45.123456Z\",\"data\":{}}";

  /** The vector of the contract. */
  @Test
  void magpipeSignatureIsTheDocumentedOne() {
    assertThat(headers(ZEROS))
        .containsEntry(
            "x-magpipe-signature",
            "sha256=21243696d3a4be57803747beba77ed3a795679d1833b7eeef9e536cf335fdf29");
  }

  @Test
  void stockLibraryOfStandardWebhooksVerifies() throws Exception {
    for (Secret secret : List.of(ZEROS, OTHER)) {
      Webhook verifier = new Webhook(secret.reveal());

      verifier.verify(BODY, multi(headers(secret)));

      assertThatThrownBy(() -> verifier.verify(BODY + " ", multi(headers(secret))))
          .isInstanceOf(WebhookVerificationException.class);
    }
    assertThatThrownBy(() -> new Webhook(ZEROS.reveal()).verify(BODY, multi(headers(OTHER))))
        .isInstanceOf(WebhookVerificationException.class);
  }

  /** During a rotation both the old and the new secret verify; Magpipe's header is the newest's. */
  @Test
  void bothSecretsVerifyWhileTheyOverlap() throws Exception {
    Map<String, String> both = headers(OTHER, ZEROS);

    new Webhook(OTHER.reveal()).verify(BODY, multi(both));
    new Webhook(ZEROS.reveal()).verify(BODY, multi(both));
    assertThat(requireNonNull(both.get("webhook-signature")).split(" ", -1)).hasSize(2);
    assertThat(both.get("x-magpipe-signature"))
        .isEqualTo(headers(OTHER).get("x-magpipe-signature"));
  }

  private static Map<String, String> headers(Secret... secrets) {
    return Signatures.headers(
        List.of(secrets), "msg-1", System.currentTimeMillis() / 1_000, BODY.getBytes(UTF_8));
  }

  private static Map<String, List<String>> multi(Map<String, String> headers) {
    return headers.entrySet().stream()
        .collect(toMap(Map.Entry::getKey, e -> List.of(e.getValue())));
  }
}
