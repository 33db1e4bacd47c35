// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.cli.Csv.Line;
import dev.maglatch.http.IpRanges;
import dev.maglatch.key.KeyKind;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.KeyPolicy.RateLimit;
import dev.maglatch.key.Principal;
import dev.maglatch.key.TokenHash;
import dev.maglatch.key.TokenShape;
import dev.maglatch.key.Tokens;
import dev.maglatch.manage.ImportedKey;
import dev.maglatch.manage.ImportedKey.Rest;
import dev.maglatch.manage.KeyInventory.BadLine;
import dev.maglatch.manage.TextRule;
import dev.maglatch.manage.TimeRule;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Reads the file of {@code key import}: what can be taken over, and what is wrong with the rest.
 */
final class ImportFile {
  /** A column for either: what is 64 hex digits is a hash, since no token is. */
  private static final String EITHER = "sha256|token";

  private static final Set<String> COLUMNS =
      Set.of(
          "account_email",
          "kind",
          "name",
          "sha256",
          "token",
          EITHER,
          "hash",
          "pepper",
          "id",
          "description",
          "allowed_ips",
          "rate_limit",
          "revoked_at",
          "revoke_after",
          "prefix",
          "created_at",
          "last_used_at",
          "scope",
          "expires_at");

  private static final String SHA_256 = "[0-9a-fA-F]{64}";
  private static final List<String> HASHES = List.of("sha256", "token", "hash");

  private final List<ImportedKey> keys = new ArrayList<>();
  private final List<BadLine> bad = new ArrayList<>();
  private final Map<TokenHash, Integer> seen = new HashMap<>();
  private final Instant now;

  private ImportFile(Instant now) {
    this.now = now;
  }

  /** Reads {@code text}, whose first line names the columns in any order. */
  static ImportFile read(String text, Instant now) {
    ImportFile file = new ImportFile(now);
    List<Line> lines = Csv.read(text);
    if (lines.isEmpty()) {
      file.bad.add(new BadLine(1, "the file is empty (expected: a line that names the columns)"));
      return file;
    }
    List<String> head = lines.get(0).cells().stream().map(String::strip).toList();
    file.checkHead(head);
    if (file.bad.isEmpty()) {
      lines.subList(1, lines.size()).forEach(line -> file.readLine(head, line));
    }
    return file;
  }

  List<ImportedKey> keys() {
    return keys;
  }

  /** Returns what is wrong; then nothing may be taken over. */
  List<BadLine> bad() {
    return bad;
  }

  private void checkHead(List<String> head) {
    Set<String> unique = new HashSet<>();
    for (String column : head) {
      if (!COLUMNS.contains(column)) {
        complain(1, "unknown column " + column);
      } else if (!unique.add(column)) {
        complain(1, "column " + column + " is there twice");
      }
    }
    if (!unique.contains("account_email") || !unique.contains("kind")) {
      complain(1, "columns account_email and kind are needed");
    }
    if (HASHES.stream().noneMatch(unique::contains) && !unique.contains(EITHER)) {
      complain(1, "a column sha256 or token is needed, or hash");
    }
  }

  private void readLine(List<String> head, Line line) {
    if (line.broken() != null || line.cells().size() != head.size()) {
      complain(
          line.line(),
          line.broken() != null
              ? line.broken()
              : line.cells().size() + " cells (expected: " + head.size() + ")");
      return;
    }
    Map<String, String> cells = new HashMap<>();
    for (int i = 0; i < head.size(); i++) {
      if (!line.cells().get(i).isBlank()) {
        String text = line.cells().get(i).strip();
        cells.put(column(head.get(i), text), text);
      }
    }
    try {
      ImportedKey key = key(line.line(), cells);
      Integer before = seen.putIfAbsent(key.hash(), key.line());
      if (before != null) {
        complain(line.line(), "the same key as in line " + before);
      }
      keys.add(key);
    } catch (IllegalArgumentException wrong) {
      complain(line.line(), String.valueOf(wrong.getMessage()));
    }
  }

  private static String column(String name, String text) {
    if (!name.equals(EITHER)) {
      return name;
    }
    return text.matches(SHA_256) ? "sha256" : "token";
  }

  private ImportedKey key(int line, Map<String, String> cells) {
    String email = cells.getOrDefault("account_email", "");
    require(!email.isEmpty(), "account_email is missing");
    KeyKind kind = KeyKind.of(cells.getOrDefault("kind", ""));
    return new ImportedKey(
        line,
        email.toLowerCase(Locale.ROOT),
        kind,
        name(kind, cells.get("name")),
        hash(kind, cells),
        pepper(cells),
        prefix(kind, cells),
        past("created_at", cells),
        past("last_used_at", cells),
        scope(kind, cells.get("scope")),
        expiry(kind, cells),
        rest(cells));
  }

  private Rest rest(Map<String, String> cells) {
    String description = cells.get("description");
    require(
        description == null || TextRule.accepts(description, TextRule.MAX_DESCRIPTION),
        "description has more than " + TextRule.MAX_DESCRIPTION + " characters, or is no text");
    return new Rest(
        id(cells.get("id")),
        description,
        new KeyPolicy(ranges(cells.get("allowed_ips")), limit(cells.get("rate_limit"))),
        past("revoked_at", cells),
        time("revoke_after", cells));
  }

  private static @Nullable UUID id(@Nullable String text) {
    if (text == null) {
      return null;
    }
    require(text.matches("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"), "id is no UUID");
    return UUID.fromString(text);
  }

  private static @Nullable List<String> ranges(@Nullable String text) {
    if (text == null) {
      return null;
    }
    List<String> ranges = List.of(text.split(" +", -1));
    require(
        ranges.stream().allMatch(IpRanges::isRange),
        "allowed_ips: " + text + " (expected: addresses and CIDR ranges with spaces between)");
    return ranges;
  }

  private static @Nullable RateLimit limit(@Nullable String text) {
    if (text == null) {
      return null;
    }
    require(
        text.matches("[1-9][0-9]{0,8}/[1-9][0-9]{0,8}"),
        "rate_limit: " + text + " (expected: requests/seconds such as 100/60)");
    int slash = text.indexOf('/');
    return new RateLimit(
        Integer.parseInt(text.substring(0, slash)), Integer.parseInt(text.substring(slash + 1)));
  }

  private static @Nullable String name(KeyKind kind, @Nullable String text) {
    String name = text == null ? "" : TextRule.trim(text);
    require(!name.isEmpty() || kind == KeyKind.MP, "name is missing");
    require(
        TextRule.accepts(name, TextRule.MAX_NAME),
        "name has more than " + TextRule.MAX_NAME + " characters, or is no text");
    return name.isEmpty() ? null : name;
  }

  /** Never repeats a token: what is said here goes to a terminal. */
  private static TokenHash hash(KeyKind kind, Map<String, String> cells) {
    String token = cells.get("token");
    require(
        HASHES.stream().filter(cells::containsKey).count() == 1,
        "exactly one of sha256, token and hash is needed");
    if (token != null) {
      require(
          Tokens.wellFormed(token) && TokenShape.of(token) == kind.shape(),
          "token is not written as tokens of kind " + kind.text() + " are");
      return Tokens.sha256(token);
    }
    String column = cells.containsKey("hash") ? "hash" : "sha256";
    String hash = cells.getOrDefault(column, "");
    require(hash.matches(SHA_256), column + " is not 64 hex digits");
    return TokenHash.of(HexFormat.of().parseHex(hash));
  }

  private static @Nullable String pepper(Map<String, String> cells) {
    String pepper = cells.get("pepper");
    require(
        (pepper != null) == cells.containsKey("hash"),
        "hash and pepper go together: key export writes both");
    return pepper;
  }

  private static String prefix(KeyKind kind, Map<String, String> cells) {
    String token = cells.get("token");
    String prefix = cells.get("prefix");
    if (token != null) {
      return kind.shape().shownPrefix(token);
    }
    if (prefix == null) {
      return kind.shape().prefix();
    }
    require(
        prefix.startsWith(kind.shape().prefix()) && prefix.matches("[A-Za-z0-9_-]{3,9}"),
        "prefix is not the beginning of a token of kind " + kind.text());
    return prefix;
  }

  private static @Nullable String scope(KeyKind kind, @Nullable String scope) {
    if (kind != KeyKind.ORG) {
      require(scope == null, "scope is for keys of kind org only");
      return null;
    }
    require(
        scope == null
            || scope.equals(Principal.SCOPE_READ)
            || scope.equals(Principal.SCOPE_READ_WRITE),
        "scope: " + scope + " (expected: read or read-write)");
    return scope == null ? Principal.SCOPE_READ : scope;
  }

  private @Nullable Instant past(String column, Map<String, String> cells) {
    Instant time = time(column, cells);
    require(time == null || !time.isAfter(now), column + " is in the future");
    return time;
  }

  private static @Nullable Instant expiry(KeyKind kind, Map<String, String> cells) {
    Instant time = time("expires_at", cells);
    require(time == null || kind == KeyKind.ORG, "expires_at is for keys of kind org only");
    return time;
  }

  private static @Nullable Instant time(String column, Map<String, String> cells) {
    String text = cells.get(column);
    if (text == null) {
      return null;
    }
    Instant time = TimeRule.parsed(text);
    require(
        time != null, column + ": " + text + " (expected: a time such as 2026-02-18T10:05:06Z)");
    return time;
  }

  private static void require(boolean right, String complaint) {
    if (!right) {
      throw new IllegalArgumentException(complaint);
    }
  }

  private void complain(int line, String reason) {
    bad.add(new BadLine(line, reason));
  }
}
