// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import java.util.UUID;

/**
 * Takes the head of one request after the other, field by field. One for each event loop and
 * protocol.
 *
 * <p>{@link #begin} starts the next head, whatever became of the one before. What {@link #add}
 * takes must have passed the {@link Gate} or be the gateway's own.
 */
abstract class RequestFields {
  /**
   * Begins a head.
   *
   * @param upstream gets it; its path stands before {@code target}
   */
  abstract void begin(String method, Upstream upstream, String target);

  /** Adds a field whose name and value are known to be writable. */
  abstract void add(CharSequence name, CharSequence value);

  /** Adds a field that holds an id. */
  abstract void add(CharSequence name, UUID id);

  /**
   * Adds a field that holds texts one after the other.
   *
   * @throws IllegalArgumentException if one has a character that no header value can have
   */
  abstract void addTexts(CharSequence name, Iterable<String> texts, char separator);

  static void refuseUnwritable(String text) {
    for (int i = 0; i < text.length(); i++) {
      char character = text.charAt(i);
      if ((character < ' ' && character != '\t') || character == 0x7F || character > 0xFF) {
        throw new IllegalArgumentException("text that no header value can have");
      }
    }
  }
}
