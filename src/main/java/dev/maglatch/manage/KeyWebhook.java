// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import dev.maglatch.secret.SealedText;

/** Where a key's events go, and what they are signed with, sealed for the key's id. */
public record KeyWebhook(String url, SealedText secret) {}
