// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import dev.maglatch.manage.Creation.IssuedKey;

/** The key that replaces another one, and how far the end of that one is known. */
public record Rotation(IssuedKey successor, Confirmation confirmation) {}
