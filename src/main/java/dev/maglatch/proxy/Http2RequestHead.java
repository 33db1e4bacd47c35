// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static io.netty.util.AsciiString.contentEqualsIgnoreCase;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import io.vertx.core.http.HttpHeaders;
import java.util.UUID;

/** Makes the heads of HTTP/2 requests: what HTTP/1 says about a connection has no place there. */
final class Http2RequestHead extends RequestFields {
  private Http2Headers headers = new DefaultHttp2Headers();

  @Override
  void begin(String method, Upstream upstream, String target) {
    headers =
        new DefaultHttp2Headers()
            .method(method)
            .scheme(upstream.tls() ? "https" : "http")
            .path(upstream.basePath() + target);
  }

  @Override
  void add(CharSequence name, CharSequence value) {
    if (contentEqualsIgnoreCase(name, HttpHeaders.HOST)) {
      headers.authority(value);
    } else if (!contentEqualsIgnoreCase(name, HttpHeaders.CONNECTION)
        && !contentEqualsIgnoreCase(name, HttpHeaders.TRANSFER_ENCODING)) {
      headers.add(AsciiString.of(name).toLowerCase(), value);
    }
  }

  @Override
  void add(CharSequence name, UUID id) {
    add(name, id.toString());
  }

  @Override
  void addTexts(CharSequence name, Iterable<String> texts, char separator) {
    texts.forEach(RequestFields::refuseUnwritable);
    add(name, String.join(String.valueOf(separator), texts));
  }

  /** Finishes the head. */
  Http2Headers end() {
    return headers;
  }
}
