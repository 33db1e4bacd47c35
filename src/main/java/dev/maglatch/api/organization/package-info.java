// SPDX-License-Identifier: Apache-2.0
/**
 * The organization dialect: keys, service accounts, the audit and whoami, in an envelope.
 *
 * <p>Layer 3. Decodes, calls {@code manage}, renders; knows no rule of its own about keys but who
 * reaches which: owners and their keys reach the whole organization, members and their keys what
 * speaks for them, a service account's key what speaks for its service account.
 */
@NullMarked
package dev.maglatch.api.organization;

import org.jspecify.annotations.NullMarked;
