// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.key.KeyKind;
import dev.maglatch.manage.Role;
import java.util.function.Function;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads words of the command line as the domain writes them. */
final class Converters {
  private Converters() {}

  /** {@code mgp}, {@code mp} or {@code org}. */
  static final class OfKind implements ITypeConverter<KeyKind> {
    @Override
    public KeyKind convert(String text) {
      return known(KeyKind::of, text);
    }
  }

  /** {@code owner} or {@code member}. */
  static final class OfRole implements ITypeConverter<Role> {
    @Override
    public Role convert(String text) {
      return known(Role::of, text);
    }
  }

  private static <T> T known(Function<String, T> reading, String text) {
    try {
      return reading.apply(text);
    } catch (IllegalArgumentException unknown) {
      throw new TypeConversionException(unknown.getMessage());
    }
  }
}
