// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import org.jspecify.annotations.Nullable;

/**
 * What is known about one server of an upstream, whoever has learnt it: its health check, or an
 * event loop by its own requests. Safe on any thread.
 */
public final class TargetHealth {
  private final UpstreamGroup group;
  private final Upstream url;
  private volatile boolean healthy = true;
  private boolean everEjected;
  private long ejectedUntilNanos;

  TargetHealth(UpstreamGroup group, Upstream url) {
    this.group = group;
    this.url = url;
  }

  /** Returns the name of the upstream. */
  public String upstream() {
    return group.name();
  }

  /** Returns the URL of the server. */
  public String target() {
    return url.url();
  }

  /**
   * Whether every event loop gives it requests: its health check has not failed, and none has
   * ejected it.
   *
   * @param nowNanos by {@link System#nanoTime}
   */
  public synchronized boolean inUse(long nowNanos) {
    return healthy && !(everEjected && ejectedUntilNanos - nowNanos > 0);
  }

  Upstream url() {
    return url;
  }

  UpstreamGroup.Link link() {
    return group.link();
  }

  @Nullable HealthCheck check() {
    return group.healthCheck();
  }

  /** Returns what its health check says; true without one, and before that has said anything. */
  boolean healthy() {
    return healthy;
  }

  void healthy(boolean well) {
    healthy = well;
  }

  /** An event loop gives it no requests until then. */
  synchronized void ejected(long untilNanos) {
    if (!everEjected || untilNanos - ejectedUntilNanos > 0) {
      everEjected = true;
      ejectedUntilNanos = untilNanos;
    }
  }
}
