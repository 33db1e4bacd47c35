// SPDX-License-Identifier: Apache-2.0
/**
 * What the proxy and the gateway's own routes both have to know about HTTP: request ids, bearer
 * tokens, who the client is, and who may call from a browser.
 *
 * <p>Layer 1. Everything here is immutable or safe on any thread, and nothing blocks.
 */
@NullMarked
package dev.maglatch.http;

import org.jspecify.annotations.NullMarked;
