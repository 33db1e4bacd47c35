// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

/** What the routes of one family have in common towards a client. */
public record Facade(Dialect dialect, CrossOrigin crossOrigin) {}
