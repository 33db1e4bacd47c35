// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The readers that we tell upstreams to use do what the page says, in the real languages. */
class UpstreamReadersTest {
  private static final String EXPECTED = "a1 null null";

  @TempDir private Path folder;

  @Test
  void java() throws Exception {
    String program =
        """
        class Reader {
          %s
          public static void main(String[] args) {
            System.out.println(caller(n -> n.equalsIgnoreCase("x-maglatch-account-id") ? "a1" : null)
                + " " + caller(n -> "") + " " + caller(n -> null));
          }
        }
        """
            .formatted(reader("java"));
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");

    assertThat(run(java.toString(), "-Xshare:auto", file("Reader.java", program)))
        .isEqualTo(EXPECTED);
  }

  @Test
  void javaScript() throws Exception {
    String program =
        reader("js")
            + "console.log(caller({'x-maglatch-account-id': 'a1'}),"
            + " caller({'x-maglatch-account-id': ''}), caller({}));\n";

    assertThat(run("node", file("reader.js", program))).isEqualTo(EXPECTED);
  }

  @Test
  void python() throws Exception {
    String program =
        reader("python")
            + "print(caller({'X-Maglatch-Account-Id': 'a1'}),"
            + " caller({'X-Maglatch-Account-Id': ''}), caller({}))\n";

    assertThat(run("python3", file("reader.py", program)).replace("None", "null"))
        .isEqualTo(EXPECTED);
  }

  private static String reader(String language) throws IOException {
    String page = Files.readString(Path.of("src/docs/upstream.md"));
    Matcher block = Pattern.compile("```" + language + "\\n(.*?)```", Pattern.DOTALL).matcher(page);
    assertThat(block.find()).as(language).isTrue();
    return block.group(1);
  }

  private String file(String name, String program) throws IOException {
    return Files.writeString(folder.resolve(name), program).toString();
  }

  private String run(String... command) throws Exception {
    Path output = folder.resolve("output");
    Process process = start(output, command);
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).as("it ends").isTrue();
    String said = Files.readString(output).strip();
    assertThat(process.exitValue()).as(said).isZero();
    return said;
  }

  private static Process start(Path output, String... command) throws IOException {
    try {
      return new ProcessBuilder(List.of(command))
          .redirectErrorStream(true)
          .redirectOutput(output.toFile())
          .start();
    } catch (IOException missing) {
      assumeTrue(command[0].contains("/"), command[0] + " is not installed");
      throw missing;
    }
  }
}
