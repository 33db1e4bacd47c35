// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.docs;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.GZIPOutputStream;

/**
 * One file as it is served.
 *
 * @param type its content type
 * @param tag entity tag of the plain bytes, in quotes
 */
record DocFile(String type, String tag, Buffer plain, Buffer gzip) {
  private static final int TAG_BYTES = 12;

  static DocFile of(String type, byte[] content) {
    String tag = '"' + HexFormat.of().formatHex(digest(content)) + '"';
    return new DocFile(type, tag, Buffer.buffer(content), Buffer.buffer(gzip(content)));
  }

  /**
   * Returns a resource of the class path. Blocks; throws {@link IllegalStateException} if this
   * build has no such resource.
   */
  static byte[] read(String resource) {
    try (InputStream in = DocFile.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("resource missing: " + resource);
      }
      return in.readAllBytes();
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  static String text(byte[] content) {
    return new String(content, UTF_8);
  }

  private static byte[] gzip(byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(content);
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return out.toByteArray();
  }

  private static byte[] digest(byte[] content) {
    try {
      return Arrays.copyOf(MessageDigest.getInstance("SHA-256").digest(content), TAG_BYTES);
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
