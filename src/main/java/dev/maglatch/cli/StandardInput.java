// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.maglatch.secret.Secret;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Reads a secret from standard input, where no list of processes and no shell history shows it. */
final class StandardInput {
  private static final int MAX_BYTES = 16 * 1024;

  private StandardInput() {}

  /**
   * Returns the one line on standard input, without its line break. Throws {@link
   * ParameterException} for none, several, or what is no UTF-8.
   */
  static Secret line(CommandSpec command, String what) throws IOException {
    InputStream in = ((Main) command.root().userObject()).in();
    byte[] bytes = in.readNBytes(MAX_BYTES + 1);
    String text;
    try {
      text = UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException notText) {
      throw new ParameterException(
          command.commandLine(), "the " + what + " on standard input is not UTF-8", notText);
    }
    String line = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    line = line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
    if (line.isEmpty() || bytes.length > MAX_BYTES || line.contains("\n")) {
      throw new ParameterException(
          command.commandLine(), "expected one line on standard input: the " + what);
    }
    return new Secret(line);
  }
}
