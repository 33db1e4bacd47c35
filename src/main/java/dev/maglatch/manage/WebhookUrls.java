// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import java.net.URI;
import java.net.URISyntaxException;

/**
 * Which URLs may be given for a webhook: absolute https ones with a host, without credentials, of
 * at most 2,048 code points.
 *
 * @param allowHttp admits http too, for development
 */
public record WebhookUrls(boolean allowHttp) {
  private static final int MAX_PORT = 65_535;

  public boolean accepts(String url) {
    if (!TextRule.storable(url) || !TextRule.fits(url, TextRule.MAX_URL)) {
      return false;
    }
    try {
      return accepts(new URI(url).parseServerAuthority());
    } catch (URISyntaxException notUrl) {
      return false;
    }
  }

  private boolean accepts(URI url) {
    boolean scheme =
        "https".equalsIgnoreCase(url.getScheme())
            || (allowHttp && "http".equalsIgnoreCase(url.getScheme()));
    return scheme
        && url.getHost() != null
        && url.getRawUserInfo() == null
        && url.getPort() != 0
        && url.getPort() <= MAX_PORT;
  }
}
