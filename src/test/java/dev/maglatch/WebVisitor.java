// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;

/** Somebody with a browser that runs no scripts: it keeps one cookie and fills in forms. */
final class WebVisitor {
  static final String PASSWORD = "correct horse";
  private static final String COOKIE = "maglatch_session=";

  private final HttpClient client = HttpClient.newHttpClient();
  private final String origin;
  private String cookie = "";

  WebVisitor(int port) {
    this.origin = "http://127.0.0.1:" + port;
  }

  /** Makes an account and returns its e-mail address. */
  String signUp() {
    String email = "v" + UUID.randomUUID() + "@example.com";
    String body = "{\"email\":\"" + email + "\",\"password\":\"" + PASSWORD + "\"}";
    HttpResponse<String> answer =
        send(
            HttpRequest.newBuilder(URI.create(origin + "/auth/v1/signup"))
                .POST(BodyPublishers.ofString(body)));
    assertThat(answer.statusCode()).isEqualTo(200);
    return email;
  }

  /** Signs a new account in and returns its e-mail address. */
  String signIn() {
    String email = signUp();
    HttpResponse<String> answer =
        submit(page("/dashboard/sign-in"), Map.of("email", email, "password", PASSWORD));
    assertThat(answer.statusCode()).isEqualTo(303);
    return email;
  }

  String cookie() {
    return cookie;
  }

  HttpResponse<String> get(String path, String... headers) {
    return send(request(path, headers).GET());
  }

  /** Returns the page at {@code path}, which must be there. */
  Document page(String path) {
    HttpResponse<String> answer = get(path);
    assertThat(answer.statusCode()).as(path).isEqualTo(200);
    return document(answer);
  }

  /** Returns where the link or button of that text leads. */
  String link(String path, String text) {
    return page(path).select("main a:contains(" + text + ")").attr("href");
  }

  HttpResponse<String> post(String path, Map<String, String> fields, String... headers) {
    String body =
        fields.entrySet().stream()
            .map(one -> one.getKey() + "=" + URLEncoder.encode(one.getValue(), UTF_8))
            .collect(Collectors.joining("&"));
    return send(
        request(path, headers)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(BodyPublishers.ofString(body)));
  }

  /** Sends the form of {@code page} as it stands, with these fields filled in. */
  HttpResponse<String> submit(Document page, Map<String, String> filledIn) {
    return submit(page, "main form[method=post]", filledIn);
  }

  HttpResponse<String> submit(Document page, String which, Map<String, String> filledIn) {
    Element form = page.select(which).first();
    assertThat(form).as(which).isNotNull();
    Map<String, String> fields = new LinkedHashMap<>();
    form.select("input, select, textarea")
        .forEach(
            field -> {
              boolean off = field.attr("type").equals("radio") && !field.hasAttr("checked");
              if (!off && !field.attr("name").isEmpty()) {
                Element chosen = field.select("option[selected], option").first();
                fields.put(field.attr("name"), chosen == null ? field.val() : chosen.val());
              }
            });
    fields.putAll(filledIn);
    return post(form.attr("action"), fields);
  }

  static Document document(HttpResponse<String> answer) {
    assertThat(answer.headers().firstValue("content-type")).contains("text/html; charset=utf-8");
    return Jsoup.parse(answer.body());
  }

  private HttpRequest.Builder request(String path, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(origin + path.replace(" ", "%20")))
            .timeout(Duration.ofSeconds(30));
    if (!cookie.isEmpty()) {
      request.header("Cookie", COOKIE + cookie);
    }
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return request;
  }

  private HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      HttpResponse<String> answer = client.send(request.build(), BodyHandlers.ofString());
      answer
          .headers()
          .firstValue("set-cookie")
          .filter(set -> set.startsWith(COOKIE))
          .ifPresent(set -> cookie = set.substring(COOKIE.length(), set.indexOf(';')));
      return answer;
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }
}
