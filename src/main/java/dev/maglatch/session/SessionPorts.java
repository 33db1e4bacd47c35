// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

/** What sessions need from outside. */
public record SessionPorts(
    AccountStore accounts, SessionStore sessions, SignInCounters counters, Settlement settlement) {}
