// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

/** A set of ASCII characters that is asked in constant time. Immutable. */
final class Characters {
  private static final String ALPHANUMERIC =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

  /**
   * What a header name may consist of: RFC 9110 without the underscore, which many upstreams cannot
   * tell from a dash.
   */
  static final Characters OF_HEADER_NAME = new Characters(ALPHANUMERIC + "!#$%&'*+-.^`|~");

  /** What a method may consist of. */
  static final Characters OF_METHOD = new Characters(ALPHANUMERIC + "!#$%&'*+-.^_`|~");

  /** What a token in {@code Authorization} may consist of, beside the padding at its end. */
  static final Characters OF_TOKEN = new Characters(ALPHANUMERIC + "-._~+/");

  /** What a path and a query may consist of by RFC 3986, beside escapes. */
  static final Characters OF_TARGET = new Characters(ALPHANUMERIC + "-._~!$&'()*+,;=:@/?[]");

  private final boolean[] members = new boolean[128];

  private Characters(String members) {
    for (int i = 0; i < members.length(); i++) {
      this.members[members.charAt(i)] = true;
    }
  }

  boolean contains(char c) {
    return c < 128 && members[c];
  }

  /** Whether {@code text} has one character at least and no other than these. */
  boolean make(CharSequence text) {
    for (int i = 0; i < text.length(); i++) {
      if (!contains(text.charAt(i))) {
        return false;
      }
    }
    return !text.isEmpty();
  }
}
