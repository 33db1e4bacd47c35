// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import dev.maglatch.secret.SealedText;
import java.time.Instant;

/** The webhook secret that a key had before, which signs beside the newest one until then. */
public record PreviousSecret(SealedText secret, Instant until) {}
