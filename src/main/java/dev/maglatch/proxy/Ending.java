// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import java.util.Locale;

/** How a request ended. */
public enum Ending {
  /** The upstream's answer was relayed whole. */
  RELAYED,
  /** The gateway answered itself: an own route or a refusal. */
  ANSWERED,
  /** The upgraded connection was closed by one of its ends. */
  TUNNEL_CLOSED,
  /** The credential of an open stream was good no longer: cut off, or closed with 1008. */
  CREDENTIAL_LAPSED,
  /** The client went away before the end. */
  CLIENT_GONE,
  /** The client sent or took fewer bytes a second than it must. */
  CLIENT_SLOW,
  /** The client stalled, or broke the framing of its body. */
  CLIENT_BROKEN,
  /** The upstream refused, broke or timed out: 502 or 504, or an answer that was cut off. */
  UPSTREAM_FAILED,
  /** No connection to the upstream was free in time, or too many requests were in hand: 503. */
  OVERLOADED,
  /** A defect of ours: 500, or an answer that was cut off. */
  FAILED;

  private final String text = name().toLowerCase(Locale.ROOT);

  /** Returns the name used in logs and metrics. */
  public String text() {
    return text;
  }
}
