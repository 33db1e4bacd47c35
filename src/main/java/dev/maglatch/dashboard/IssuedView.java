// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.manage.Confirmation;
import dev.maglatch.manage.Creation.IssuedKey;
import dev.maglatch.secret.Secret;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A new key, shown once.
 *
 * @param webhookSecret null without a webhook
 * @param tryPath where the key can be tried; null if nowhere
 * @param samples ready to paste, the real key in them
 * @param note what else has happened; null for nothing
 * @param confirmation how far that is known; null if nobody was asked
 */
record IssuedView(
    String name,
    String token,
    @Nullable String webhookSecret,
    @Nullable String tryPath,
    List<Sample> samples,
    @Nullable String note,
    @Nullable Confirmation confirmation) {

  /** A request in one language. */
  record Sample(String id, String language, String code) {}

  /**
   * @param origin where the gateway is
   */
  static IssuedView of(
      IssuedKey issued,
      String origin,
      @Nullable String tryPath,
      @Nullable String note,
      @Nullable Confirmation confirmation) {
    String token = issued.token().reveal();
    Secret webhookSecret = issued.webhookSecret();
    return new IssuedView(
        KeyRow.name(issued.key()),
        token,
        webhookSecret == null ? null : webhookSecret.reveal(),
        tryPath,
        samples(origin + (tryPath == null ? "/" : tryPath), token),
        note,
        confirmation);
  }

  private static List<Sample> samples(String url, String token) {
    return List.of(
        new Sample("curl", "curl", "curl " + url + " -H \"Authorization: Bearer " + token + "\""),
        new Sample(
            "javascript",
            "JavaScript",
            """
            const answer = await fetch("%s", {
              headers: { Authorization: "Bearer %s" },
            });
            console.log(answer.status, await answer.text());"""
                .formatted(url, token)),
        new Sample(
            "python",
            "Python",
            """
            import urllib.request
            request = urllib.request.Request(
                "%s", headers={"Authorization": "Bearer %s"})
            print(urllib.request.urlopen(request).read().decode())"""
                .formatted(url, token)),
        new Sample(
            "java",
            "Java",
            """
            var request = java.net.http.HttpRequest.newBuilder(java.net.URI.create("%s"))
                .header("Authorization", "Bearer %s").build();
            System.out.println(java.net.http.HttpClient.newHttpClient()
                .send(request, java.net.http.HttpResponse.BodyHandlers.ofString()).body());"""
                .formatted(url, token)));
  }
}
