// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.embed;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.fault.Fault;
import dev.maglatch.http.TrustedProxies;
import dev.maglatch.key.KeyKind;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.Principal;
import dev.maglatch.verify.CredentialVerifier;
import dev.maglatch.verify.Verdict;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.RequestOptions;
import io.vertx.ext.auth.authentication.TokenCredentials;
import io.vertx.ext.auth.authentication.UsernamePasswordCredentials;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.handler.BodyHandler;
import io.vertx.junit5.VertxExtension;
import io.vertx.junit5.VertxTestContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The verifier inside of somebody else's Vert.x application. */
@ExtendWith(VertxExtension.class)
class KeyAuthenticationTest {
  private static final UUID KEY = UUID.fromString("00000000-0000-0000-0000-00000000000a");
  private static final UUID ORGANIZATION = UUID.fromString("00000000-0000-0000-0000-00000000000c");
  private static final Verdict GOOD =
      Verdict.allowed(
          new Principal(
              Principal.Method.API_KEY,
              KEY,
              KeyKind.ORG,
              UUID.fromString("00000000-0000-0000-0000-00000000000b"),
              ORGANIZATION,
              null,
              Set.of("read"),
              List.of(),
              null,
              true,
              new KeyPolicy(List.of("127.0.0.0/8"), null)));

  /** Knows some at once, others after asking, and cannot tell about "lost". */
  private static final class Verdicts implements CredentialVerifier {
    private final Map<String, Verdict> cached =
        Map.of(
            "good", GOOD,
            "revoked", Verdict.REVOKED,
            "forbidden", Verdict.FORBIDDEN,
            "limited", Verdict.LIMITED);

    @Override
    public @Nullable Verdict decideNow(String credential, String address, long maxStaleNanos) {
      Verdict verdict = cached.get(credential);
      return verdict == null ? null : verdict.from(address);
    }

    @Override
    public Future<Verdict> decide(String credential, String address, long maxStaleNanos) {
      return switch (credential) {
        case "stored" -> Future.succeededFuture(GOOD.from(address));
        case "lost" ->
            Future.failedFuture(Fault.of(Fault.Code.STORE_UNAVAILABLE, "no store", null));
        default -> Future.succeededFuture(Verdict.UNKNOWN);
      };
    }
  }

  private final KeyAuthentication authentication = new KeyAuthentication(new Verdicts());

  @Test
  void userSaysWhoHoldsTheKey(VertxTestContext test) {
    authentication
        .authenticate(new KeyCredentials("good", "127.0.0.1"))
        .onComplete(
            test.succeeding(
                user ->
                    test.verify(
                        () -> {
                          assertThat(user.subject()).endsWith("b");
                          assertThat(user.principal().getString("keyId")).isEqualTo("" + KEY);
                          assertThat(user.principal().getString("organizationId"))
                              .isEqualTo("" + ORGANIZATION);
                          assertThat(user.principal().encode()).doesNotContain("good");
                          assertThat(user.principal().getJsonArray("scopes")).contains("read");
                          test.completeNow();
                        })));
  }

  /** Whoever does not say where a bound key is used from is refused. */
  @Test
  void tokenWithoutAnAddressDoesNotGetAroundABoundKey(VertxTestContext test) {
    authentication
        .authenticate(new TokenCredentials("good"))
        .onComplete(
            test.failing(
                refused ->
                    test.verify(
                        () -> {
                          assertThat(refused).isInstanceOf(CredentialRefused.class);
                          assertThat(refused).hasMessageContaining("FORBIDDEN");
                          test.completeNow();
                        })));
  }

  @Test
  void otherSortsOfCredentialsAreNone(VertxTestContext test) {
    authentication
        .authenticate(new UsernamePasswordCredentials("a", "b"))
        .onComplete(
            test.failing(
                refused ->
                    test.verify(
                        () -> {
                          assertThat(refused).hasMessageContaining("MISSING");
                          test.completeNow();
                        })));
  }

  @Test
  void credentialsDoNotPrintTheirToken() {
    KeyCredentials credentials = new KeyCredentials("mgp_secret", "::1");
    assertThat(credentials.toString() + credentials.toJson()).doesNotContain("mgp_secret");
  }

  @Test
  void routerAdmitsGoodCredentialsAndSaysWhyNot(Vertx vertx, VertxTestContext test) {
    serve(vertx)
        .compose(
            server ->
                Future.join(
                    List.of(
                        answers(vertx, server, "Bearer good", "200 null body=0123456789"),
                        answers(vertx, server, "Bearer stored", "200 null body=0123456789"),
                        answers(vertx, server, null, "401 Bearer realm=\"maglatch\" "),
                        answers(vertx, server, "Basic x", "401 Bearer realm=\"maglatch\" "),
                        answers(vertx, server, "Bearer revoked", invalid()),
                        answers(vertx, server, "Bearer unknown", invalid()),
                        answers(
                            vertx,
                            server,
                            "Bearer forbidden",
                            "403 Bearer realm=\"maglatch\", error=\"insufficient_scope\" "),
                        answers(vertx, server, "Bearer limited", "429 null "),
                        answers(vertx, server, "Bearer lost", "503 null "))))
        .onComplete(test.succeedingThenComplete());
  }

  private static String invalid() {
    return "401 Bearer realm=\"maglatch\", error=\"invalid_token\" ";
  }

  /** The snippet of src/docs/embedding.md. */
  private static Future<HttpServer> serve(Vertx vertx) {
    CredentialVerifier verifier = new Verdicts();
    // begin snippet
    Router router = Router.router(vertx);
    router
        .route()
        .handler(
            new KeyAuthenticationHandler(new KeyAuthentication(verifier), TrustedProxies.NONE));
    router.route().handler(BodyHandler.create(false).setBodyLimit(65_536));
    router
        .post("/orders")
        .handler(context -> context.response().end("body=" + context.body().asString()));
    // end snippet
    return vertx.createHttpServer().requestHandler(router).listen(0, "127.0.0.1");
  }

  @Test
  void documentationShowsWhatIsCompiledHere() throws IOException {
    String source =
        Files.readString(Path.of("src/test/java/dev/maglatch/embed/KeyAuthenticationTest.java"));
    int begin = source.indexOf("    // begin" + " snippet\n");
    String snippet = source.substring(begin, source.indexOf("    // end" + " snippet\n"));
    String text = snippet.substring(snippet.indexOf("\n") + 1).stripTrailing().stripIndent();
    assertThat(Files.readString(Path.of("src/docs/embedding.md"))).contains(text);
  }

  private static Future<Void> answers(
      Vertx vertx, HttpServer server, @Nullable String authorization, String expected) {
    HttpClient client = vertx.createHttpClient();
    RequestOptions options =
        new RequestOptions()
            .setMethod(HttpMethod.POST)
            .setHost("127.0.0.1")
            .setPort(server.actualPort())
            .setURI("/orders");
    if (authorization != null) {
      options.putHeader("authorization", authorization);
    }
    return client
        .request(options)
        .compose(request -> request.send(Buffer.buffer("0123456789")))
        .compose(answer -> answer.body().map(body -> text(answer, body)))
        .map(
            text -> {
              assertThat(text).as("with " + authorization).startsWith(expected);
              return null;
            });
  }

  private static String text(HttpClientResponse answer, Buffer body) {
    return answer.statusCode() + " " + answer.getHeader("www-authenticate") + " " + body;
  }
}
