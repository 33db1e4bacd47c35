// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.helm;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import com.marcnuri.helm.TemplateCommand;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * The chart as Helm renders it, without a cluster.
 *
 * <p>What Helm renders for a caller leaves hooks out. So a copy is rendered whose hooks are
 * annotated with {@link #HOOK} instead, and whose notes are an object of kind Notes.
 */
final class Chart {
  static final Path FOLDER = Path.of("helm/maglatch");
  static final String HOOK = "test.maglatch.dev/hook";

  private static final Path VALUES = Path.of("src/test/resources/helm");
  private static final String NOTES =
      "apiVersion: v1\nkind: Notes\nmetadata: {name: notes}\ndata: {{ tpl (.Files.Get"
          + " \"NOTES.txt\") . | toJson }}\n";

  private final Path copy;

  Chart(Path folder) {
    this.copy = folder.resolve("maglatch");
    try (Stream<Path> files = Files.walk(FOLDER)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path target = copy.resolve(FOLDER.relativize(file));
        Files.createDirectories(target.getParent());
        Files.writeString(target, Files.readString(file).replace("helm.sh/hook:", HOOK + ":"));
      }
      Files.move(copy.resolve("templates/NOTES.txt"), copy.resolve("NOTES.txt"));
      Files.writeString(copy.resolve("templates/notes.yaml"), NOTES);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Returns the value files of the matrix. */
  static List<Path> matrix() {
    try (Stream<Path> files = Files.list(VALUES)) {
      return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  static Path values(String name) {
    return VALUES.resolve(name + ".yaml");
  }

  static LintResult lint() {
    return new Helm(FOLDER).lint().strict().call();
  }

  /** Returns all that the chart renders, or throws what Helm says. */
  String text(Path values) {
    return template(values).call();
  }

  private TemplateCommand template(Path values) {
    return new Helm(copy)
        .template()
        .withName("edge")
        .withNamespace("apis")
        .withKubeVersion("1.33.0")
        .withValuesFile(values);
  }

  /** Returns every object that the chart renders, hooks and notes among them. */
  Rendered render(Path values) {
    return read(template(values).call());
  }

  /** As {@link #render(Path)}, with one value that takes the place of the file's. */
  Rendered render(Path values, String name, Object value) {
    return read(template(values).set(name, value).call());
  }

  private static Rendered read(String text) {
    List<Map<?, ?>> objects = new ArrayList<>();
    for (Object document : yaml().loadAllFromString(text)) {
      if (document instanceof Map<?, ?> object) {
        objects.add(object);
      }
    }
    return new Rendered(objects);
  }

  static Load yaml() {
    return new Load(LoadSettings.builder().setCodePointLimit(10_000_000).build());
  }
}
