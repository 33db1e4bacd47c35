// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api.docs;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the documentation reads in one place: the kept file says where routes are by default, this
 * says where they are here.
 *
 * @param publicServer URL of the public listener
 * @param opsServer URL of the listener for operators
 * @param tryOut whether the page may send requests to the routes that it shows
 * @param moved by documented prefix of a path, the prefix it has here; empty for a route that is
 *     off. The longest prefix counts, and a path without any stays as it is
 */
public record Edition(
    String publicServer, String opsServer, boolean tryOut, Map<String, String> moved) {
  private static final String PUBLIC_SERVER = "http://localhost:8080";
  private static final String OPS_SERVER = "http://localhost:9090";
  private static final String PATHS = "paths:";

  public Edition {
    requireNonNull(publicServer, "publicServer");
    requireNonNull(opsServer, "opsServer");
    moved = Map.copyOf(moved);
  }

  /** Returns the OpenAPI file of this edition. */
  String openApi(String kept) {
    return mounted(kept)
        .replace("url: " + OPS_SERVER, "url: \"" + opsServer + '"')
        .replace("url: " + PUBLIC_SERVER, "url: \"" + publicServer + '"');
  }

  /**
   * Returns the paths of the public listener that this edition tells of, with parameters in braces.
   * Blocks.
   */
  public List<String> publicPaths() {
    String text = mounted(DocFile.text(DocFile.read(Docs.KEPT)));
    List<String> found = new ArrayList<>();
    for (String line : text.substring(text.indexOf("\n" + PATHS)).lines().toList()) {
      if (line.startsWith("  /")) {
        found.add(line.substring(2, line.length() - 1));
      } else if (line.startsWith("    servers:")) {
        found.remove(found.size() - 1); // of the listener for operators
      }
    }
    return found;
  }

  /** Returns the page of this edition. */
  String page(String kept) {
    return kept.replace("data-try-out=\"yes\"", "data-try-out=\"" + (tryOut ? "yes" : "no") + '"');
  }

  /** Moves and drops whole paths: each begins with a line indented by two, and holds the deeper. */
  private String mounted(String kept) {
    StringBuilder text = new StringBuilder(kept.length());
    boolean paths = false;
    boolean dropped = false;
    for (String line : kept.lines().toList()) {
      if (isKey(line, 0)) {
        paths = line.equals(PATHS);
        dropped = false;
      }
      String shown = line;
      if (paths && isKey(line, 2)) {
        String path = here(line.substring(2));
        dropped = path == null;
        shown = "  " + path;
      }
      if (!dropped) {
        text.append(shown).append('\n');
      }
    }
    return text.toString();
  }

  private static boolean isKey(String line, int indent) {
    return line.length() > indent
        && line.startsWith(" ".repeat(indent))
        && line.charAt(indent) != ' '
        && line.charAt(indent) != '#';
  }

  /** Returns where {@code path} is here, or null if it is off. */
  private @Nullable String here(String path) {
    String prefix = "";
    String target = "";
    for (Map.Entry<String, String> move : moved.entrySet()) {
      if (path.startsWith(move.getKey()) && move.getKey().length() > prefix.length()) {
        prefix = move.getKey();
        target = move.getValue();
      }
    }
    if (prefix.isEmpty()) {
      return path;
    }
    return target.isEmpty() ? null : target + path.substring(prefix.length());
  }
}
