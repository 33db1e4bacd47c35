// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.docs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import dev.maglatch.api.Access;
import dev.maglatch.api.Answer;
import dev.maglatch.api.BodyRule;
import dev.maglatch.api.Call;
import dev.maglatch.api.CrossOrigin;
import dev.maglatch.api.Endpoint;
import dev.maglatch.api.Facade;
import dev.maglatch.api.Operation;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One edition of the documentation, for one listener. The page loads nothing from elsewhere, and
 * its policy forbids that it ever does. Safe on any thread.
 */
public final class Docs {
  /** Where the OpenAPI file is. */
  public static final String OPENAPI = "/_maglatch/openapi.yaml";

  /** Where the page is. */
  public static final String PAGE = "/_maglatch/docs";

  /** What the files that the page loads begin with. */
  public static final String ASSETS = PAGE + "/";

  private static final Logger log = LoggerFactory.getLogger(Docs.class);
  private static final String ASSET = "asset";
  private static final String FOLDER = "/docs/";
  private static final String INDEX = "/openapi/docs.html";
  static final String KEPT = "/openapi/maglatch.yaml";
  private static final String SCRIPT = "text/javascript; charset=utf-8";
  private static final Map<String, String> TYPES =
      Map.of(
          KEPT,
          "application/yaml",
          INDEX,
          "text/html; charset=utf-8",
          FOLDER + "docs.js",
          SCRIPT,
          FOLDER + "swagger-ui-bundle.js",
          SCRIPT,
          FOLDER + "swagger-ui.css",
          "text/css; charset=utf-8",
          FOLDER + "swagger-ui-bundle.js.LICENSE.txt",
          "text/plain; charset=utf-8");
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
          + " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private final Vertx vertx;
  private final Edition edition;
  private final Map<String, CompletableFuture<DocFile>> files = new ConcurrentHashMap<>();

  public Docs(Vertx vertx, Edition edition) {
    this.vertx = requireNonNull(vertx, "vertx");
    this.edition = requireNonNull(edition, "edition");
  }

  /** Returns the routes for the public listener, open to anyone. */
  public List<Endpoint> endpoints(CrossOrigin crossOrigin) {
    Facade facade =
        new Facade((problem, call) -> error(problem.status(), problem.text()), crossOrigin);
    return List.of(
        endpoint(facade, OPENAPI, call -> find(call, KEPT)),
        endpoint(facade, PAGE, call -> find(call, INDEX)),
        endpoint(
            facade, ASSETS + "{asset}", call -> find(call, FOLDER + call.pathParameter(ASSET))));
  }

  /** Answers a GET or HEAD request for one of these paths, on another listener. Never fails. */
  public void answer(HttpServerRequest request) {
    find(resource(String.valueOf(request.path())), request)
        .otherwise(Docs::broken)
        .onSuccess(answer -> write(request, answer));
  }

  private static Endpoint endpoint(Facade facade, String path, Operation operation) {
    return new Endpoint(HttpMethod.GET, path, facade, Access.ANYONE, BodyRule.NONE, operation);
  }

  private static String resource(String path) {
    return switch (path) {
      case OPENAPI -> KEPT;
      case PAGE -> INDEX;
      default -> path.startsWith(ASSETS) ? FOLDER + path.substring(ASSETS.length()) : "";
    };
  }

  private Future<Answer> find(Call call, String resource) {
    return find(resource, call.request());
  }

  private Future<Answer> find(String resource, HttpServerRequest request) {
    String type = TYPES.get(resource);
    return type == null
        ? Future.succeededFuture(error(404, "Not found"))
        : file(resource, type).map(file -> answer(file, request));
  }

  private Future<DocFile> file(String resource, String type) {
    CompletableFuture<DocFile> file =
        files.computeIfAbsent(
            resource,
            missing ->
                vertx
                    .executeBlocking(() -> DocFile.of(type, content(missing)), false)
                    .toCompletionStage()
                    .toCompletableFuture());
    return Future.fromCompletionStage(file, vertx.getOrCreateContext());
  }

  private byte[] content(String resource) {
    byte[] kept = DocFile.read(resource);
    return switch (resource) {
      case KEPT -> edition.openApi(DocFile.text(kept)).getBytes(UTF_8);
      case INDEX -> edition.page(DocFile.text(kept)).getBytes(UTF_8);
      default -> kept;
    };
  }

  private static Answer answer(DocFile file, HttpServerRequest request) {
    if (file.tag().equals(request.getHeader(HttpHeaders.IF_NONE_MATCH))) {
      return guarded(Answer.empty(304)).with(HttpHeaders.ETAG, file.tag());
    }
    boolean gzip = takesGzip(request.getHeader(HttpHeaders.ACCEPT_ENCODING));
    Answer answer =
        guarded(new Answer(200, HttpHeaders.headers(), gzip ? file.gzip() : file.plain()))
            .with(HttpHeaders.CONTENT_TYPE, file.type())
            .with(HttpHeaders.ETAG, file.tag());
    return gzip ? answer.with(HttpHeaders.CONTENT_ENCODING, "gzip") : answer;
  }

  private static Answer guarded(Answer answer) {
    return answer
        .with("Content-Security-Policy", POLICY)
        .with("X-Content-Type-Options", "nosniff")
        .with("Referrer-Policy", "no-referrer")
        .with(HttpHeaders.VARY, HttpHeaders.ACCEPT_ENCODING)
        .with(HttpHeaders.CACHE_CONTROL, "no-cache");
  }

  /** Whether gzip is named and not refused; weights beyond zero are not compared. */
  private static boolean takesGzip(@Nullable String accepted) {
    if (accepted == null) {
      return false;
    }
    for (String coding : accepted.toLowerCase(Locale.ROOT).split(",", -1)) {
      String spaceless = coding.replace(" ", "");
      if (spaceless.equals("gzip") || spaceless.startsWith("gzip;")) {
        return !spaceless.matches("gzip;q=0(\\.0*)?");
      }
    }
    return false;
  }

  private static Answer broken(Throwable failure) {
    log.error("documentation unreadable", failure);
    return error(500, "Internal server error");
  }

  private static Answer error(int status, String text) {
    return Answer.json(status, new JsonObject().put("error", text));
  }

  private static void write(HttpServerRequest request, Answer answer) {
    HttpServerResponse response = request.response();
    Buffer body = answer.body();
    response.setStatusCode(answer.status());
    response.headers().setAll(answer.headers());
    if (body == null) {
      response.end();
    } else if (request.method().equals(HttpMethod.HEAD)) {
      response.putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(body.length())).end();
    } else {
      response.end(body);
    }
  }
}
