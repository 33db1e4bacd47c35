// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.benchmarks;

import dev.maglatch.postgres.DatabaseAddress;
import dev.maglatch.secret.Secret;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Prints the first value that a statement returns, if any. Arguments: the database's URL, the SQL.
 */
public final class Ask {
  private Ask() {}

  /** Entry point; see above. */
  public static void main(String[] arguments) throws SQLException {
    try (Connection connection = connect(arguments[0]);
        Statement statement = connection.createStatement()) {
      ResultSet answer = statement.execute(arguments[1]) ? statement.getResultSet() : null;
      if (answer != null && answer.next()) {
        System.out.println(answer.getString(1));
      }
    }
  }

  /** Connects to the database at {@code url}, which may hold a password. */
  static Connection connect(String url) throws SQLException {
    DatabaseAddress address = DatabaseAddress.parse(url, null, null);
    Secret password = address.password();
    return DriverManager.getConnection(
        address.jdbcUrl(), address.user(), password == null ? null : password.reveal());
  }
}
