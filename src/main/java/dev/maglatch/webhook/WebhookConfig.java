// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.webhook;

import dev.maglatch.http.IpRanges;
import dev.maglatch.settings.Section;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where webhooks may go, and how much is done for them.
 *
 * @param allowHttp whether plain http is allowed beside https
 * @param allowedCidrs private ranges that are allowed; public addresses always are
 * @param trustedCertificates a PEM file with the authorities whose certificates receivers may show;
 *     null for those of the JDK
 * @param maxInFlight most deliveries of one replica at a time
 * @param perDestination most deliveries of one replica to one destination at a time
 * @param timeout of one attempt, from the name to the last byte
 * @param lease how long a claim lasts; longer than an attempt can take
 * @param retention how long events and their deliveries are kept
 */
public record WebhookConfig(
    boolean allowHttp,
    List<String> allowedCidrs,
    @Nullable Path trustedCertificates,
    int maxInFlight,
    int perDestination,
    Duration timeout,
    Duration lease,
    Duration retention) {
  private static final int MAX_IN_FLIGHT = 128;
  private static final int MOST_IN_FLIGHT = 10_000;
  private static final int PER_DESTINATION = 8;
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Duration LEASE = Duration.ofSeconds(30);
  private static final Duration RETENTION = Duration.ofDays(7);

  /** Writing a result and claiming the next delivery need some time too. */
  private static final Duration MARGIN = Duration.ofSeconds(5);

  public WebhookConfig {
    allowedCidrs = List.copyOf(allowedCidrs);
  }

  /** Returns the defaults, but for where webhooks may go. */
  public static WebhookConfig of(boolean allowHttp, List<String> allowedCidrs) {
    return new WebhookConfig(
        allowHttp, allowedCidrs, null, MAX_IN_FLIGHT, PER_DESTINATION, TIMEOUT, LEASE, RETENTION);
  }

  /** Reads {@code webhooks.*}. */
  public static WebhookConfig read(Section webhooks) {
    List<String> cidrs = webhooks.texts("allowed-cidrs", List.of());
    if (!cidrs.stream().allMatch(IpRanges::isRange)) {
      webhooks.problem("allowed-cidrs", "IP addresses or ranges such as 10.0.0.0/8");
      cidrs = List.of();
    }
    Duration timeout =
        webhooks.duration("timeout", TIMEOUT, Duration.ofMillis(100), Duration.ofMinutes(1));
    Duration lease =
        webhooks.duration("lease", LEASE, Duration.ofSeconds(1), Duration.ofMinutes(10));
    if (lease.compareTo(timeout.plus(MARGIN)) < 0) {
      webhooks.problem("lease", "at least 5s more than webhooks.timeout");
    }
    return new WebhookConfig(
        webhooks.flag("allow-http", false),
        cidrs,
        certificates(webhooks),
        webhooks.integer("max-in-flight", MAX_IN_FLIGHT, 1, MOST_IN_FLIGHT),
        webhooks.integer("per-destination", PER_DESTINATION, 1, MOST_IN_FLIGHT),
        timeout,
        lease,
        webhooks.duration("retention", RETENTION, Duration.ofHours(1), Duration.ofDays(365)));
  }

  private static @Nullable Path certificates(Section webhooks) {
    String text = webhooks.text("trusted-certificates");
    if (text == null) {
      return null;
    }
    try {
      Path file = Path.of(text);
      if (Files.isReadable(file)) {
        return file;
      }
    } catch (InvalidPathException notAPath) {
      // said below
    }
    webhooks.problem("trusted-certificates", "a readable file of certificates in PEM");
    return null;
  }
}
