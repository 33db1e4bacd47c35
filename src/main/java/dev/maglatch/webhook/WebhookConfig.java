// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import dev.maglatch.http.IpRanges;
import dev.maglatch.settings.Section;
import java.util.List;

/**
 * Where webhooks may go.
 *
 * @param allowHttp whether plain http is allowed beside https
 * @param allowedCidrs private ranges that are allowed; public addresses always are
 */
public record WebhookConfig(boolean allowHttp, List<String> allowedCidrs) {
  public WebhookConfig {
    allowedCidrs = List.copyOf(allowedCidrs);
  }

  /** Reads {@code webhooks.*}. */
  public static WebhookConfig read(Section webhooks) {
    List<String> cidrs = webhooks.texts("allowed-cidrs", List.of());
    if (!cidrs.stream().allMatch(IpRanges::isRange)) {
      webhooks.problem("allowed-cidrs", "IP addresses or ranges such as 10.0.0.0/8");
      cidrs = List.of();
    }
    return new WebhookConfig(webhooks.flag("allow-http", false), cidrs);
  }
}
