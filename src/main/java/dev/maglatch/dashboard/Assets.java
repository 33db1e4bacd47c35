// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * The files that pages load: read and compressed once, and served from memory. Their names hold a
 * hash of their content, so a browser never asks for one again. Immutable, safe on any thread.
 */
final class Assets {
  static final String PATH = "/dashboard/assets/";

  private static final int HASH_DIGITS = 16;
  private static final String SCRIPT = "text/javascript; charset=utf-8";
  private static final String STYLE = "text/css; charset=utf-8";
  private static final List<String> FILES =
      List.of("tabler.min.css", "dashboard.css", "htmx.min.js", "dashboard.js");

  private final Map<String, String> paths = new HashMap<>();
  private final Map<String, Asset> byPath = new HashMap<>();

  private Assets() {}

  /** Reads all files. Blocks for some tens of milliseconds. */
  static Assets read() {
    Assets assets = new Assets();
    FILES.forEach(assets::add);
    return assets;
  }

  private void add(String name) {
    boolean script = name.endsWith(".js");
    byte[] content = script ? content(name) : followingTheSystem(content(name));
    int dot = name.lastIndexOf('.');
    String path = PATH + name.substring(0, dot) + "-" + hash(content) + name.substring(dot);
    paths.put(name, path);
    byPath.put(
        path,
        new Asset(script ? SCRIPT : STYLE, Buffer.buffer(content), Buffer.buffer(gzip(content))));
  }

  private static byte[] followingTheSystem(byte[] css) {
    return Theme.followingTheSystem(new String(css, UTF_8)).getBytes(UTF_8);
  }

  /** Returns the path of the file {@code name}. */
  String path(String name) {
    String path = paths.get(name);
    if (path == null) {
      throw new IllegalArgumentException("no such asset: " + name);
    }
    return path;
  }

  /** Returns the file at {@code path}, or null. */
  @Nullable Reply find(String path, HttpServerRequest request) {
    Asset asset = byPath.get(path);
    if (asset == null) {
      return null;
    }
    boolean gzip = takesGzip(request.getHeader(HttpHeaders.ACCEPT_ENCODING));
    Reply reply =
        new Reply(200, HttpHeaders.headers(), gzip ? asset.gzip() : asset.plain())
            .with(HttpHeaders.CONTENT_TYPE, asset.type())
            .with(HttpHeaders.VARY, HttpHeaders.ACCEPT_ENCODING)
            .with(HttpHeaders.CACHE_CONTROL, "public, max-age=31536000, immutable");
    return gzip ? reply.with(HttpHeaders.CONTENT_ENCODING, "gzip") : reply;
  }

  private record Asset(String type, Buffer plain, Buffer gzip) {}

  /** Whether gzip is named and not refused. */
  private static boolean takesGzip(@Nullable String accepted) {
    if (accepted == null) {
      return false;
    }
    String spaceless = accepted.toLowerCase(Locale.ROOT).replace(" ", "");
    return ("," + spaceless + ",").matches(".*,gzip(;q=(1|0\\.0*[1-9]).*?)?,.*");
  }

  private static byte[] content(String name) {
    try (InputStream in = Assets.class.getResourceAsStream("/dashboard/" + name)) {
      if (in == null) {
        throw new IllegalStateException("resource missing: /dashboard/" + name);
      }
      return in.readAllBytes();
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  private static byte[] gzip(byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new BestGzip(out)) {
      gzip.write(content);
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return out.toByteArray();
  }

  private static String hash(byte[] content) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(content);
      return HexFormat.of().formatHex(digest).substring(0, HASH_DIGITS);
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** Spends time once, since it is done once. */
  private static final class BestGzip extends GZIPOutputStream {
    BestGzip(ByteArrayOutputStream out) throws IOException {
      super(out);
      def.setLevel(Deflater.BEST_COMPRESSION);
    }
  }
}
