// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

/** Whether a route asks for a credential. */
public enum Auth {
  /** A good credential, or 401. */
  REQUIRED,
  /** None is anonymous; a bad one is 401. */
  OPTIONAL,
  /** None is read. */
  NONE
}
