// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.maglatch.key.TokenHash;
import dev.maglatch.key.TokenShape;
import dev.maglatch.key.Tokens;
import dev.maglatch.secret.SecretRing;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * Fills a database with keys that a gateway of the same {@code MAGLATCH_SECRETS_MASTER} accepts.
 *
 * <p>Rows are copied past the triggers, so start the gateway afterwards. Arguments: the database's
 * URL, the number of keys, the file that gets their tokens, one on each line, and the file that
 * gets their SHA-256 in upper-case hex, each with a name.
 */
public final class ManyKeys {
  private static final int ROWS_IN_A_BUFFER = 1_000;
  private static final HexFormat HEX = HexFormat.of().withUpperCase();

  private final Tokens tokens;
  private final UUID organization = UUID.randomUUID();
  private final UUID account = UUID.randomUUID();

  private ManyKeys(Tokens tokens) {
    this.tokens = tokens;
  }

  /** Entry point; see above. */
  public static void main(String[] arguments) throws SQLException, IOException {
    byte[] master = Base64.getDecoder().decode(System.getenv("MAGLATCH_SECRETS_MASTER"));
    SecretRing ring = SecretRing.derive(List.of(master));
    Tokens tokens = new Tokens(new SecureRandom(), ring.checkKeys(), ring.peppers());
    try (Connection connection = Ask.connect(arguments[0]);
        Writer texts = Files.newBufferedWriter(Path.of(arguments[2]));
        Writer hashes = Files.newBufferedWriter(Path.of(arguments[3]))) {
      new ManyKeys(tokens).copy(connection, Integer.parseInt(arguments[1]), texts, hashes);
    }
  }

  private void copy(Connection connection, int count, Writer texts, Writer hashes)
      throws SQLException, IOException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET session_replication_role = replica");
      statement.execute(
          "INSERT INTO organizations (id, name) VALUES ('%s', 'load')".formatted(organization));
      statement.execute(
          """
          INSERT INTO accounts (id, email, user_record_id, organization_id)
          VALUES ('%s', '%s@load.example', 'rec%.14s', '%s')
          """
              .formatted(account, account, account.toString().replace("-", ""), organization));
    }
    CopyIn copy =
        connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyIn(
                "COPY api_keys (id, kind, name, organization_id, user_id, created_by, key_prefix,"
                    + " key_hash, pepper) FROM STDIN");
    StringBuilder rows = new StringBuilder();
    for (int i = 1; i <= count; i++) {
      String token = tokens.mint(TokenShape.MGP);
      TokenHash hash = Tokens.sha256(token);
      texts.append(token).append('\n');
      hashes.append(HEX.formatHex(hash.bytes())).append(" key-" + i + "\n");
      row(rows, token, hash, i);
      if (i % ROWS_IN_A_BUFFER == 0 || i == count) {
        byte[] bytes = rows.toString().getBytes(UTF_8);
        copy.writeToCopy(bytes, 0, bytes.length);
        rows.setLength(0);
      }
    }
    copy.endCopy();
  }

  private void row(StringBuilder to, String token, TokenHash sha256, int number) {
    String hash = HEX.formatHex(tokens.storedNow(sha256).bytes());
    to.append(UUID.randomUUID()).append("\tmgp\tkey ").append(number).append('\t');
    to.append(organization).append('\t').append(account).append('\t').append(account).append('\t');
    to.append(TokenShape.MGP.shownPrefix(token)).append("\t\\\\x").append(hash).append('\t');
    to.append(tokens.currentPepper()).append('\n');
  }
}
