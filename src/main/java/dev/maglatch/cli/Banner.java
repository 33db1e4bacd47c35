// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.cli.FirstAccount.Shown;
import dev.maglatch.config.GatewayConfig;
import dev.maglatch.postgres.EmbeddedDatabase;
import org.jspecify.annotations.Nullable;

/** What {@code dev} shows once everything runs: where things are and what to paste. */
final class Banner {
  private final GatewayConfig config;
  private final String http;
  private final String ops;
  private final String own;
  private final RunningGateway gateway;

  Banner(GatewayConfig config, RunningGateway gateway) {
    this.config = config;
    this.http = url(config.http().listener().host(), gateway.httpPort());
    this.gateway = gateway;
    this.own = url(config.http().listener().host(), gateway.ownPort());
    this.ops = url(config.ops().host(), gateway.opsPort());
  }

  /**
   * Returns the whole text.
   *
   * @param database the embedded one; null if another is used
   * @param made what was made in this start; null if there was an account before
   */
  String text(boolean demo, @Nullable EmbeddedDatabase database, @Nullable Shown made) {
    StringBuilder text = new StringBuilder("\nMaglatch is ready for development.\n\n");
    line(text, "proxy", http + "/" + (demo ? "  (to a demo upstream that echoes)" : ""));
    if (config.dashboard()) {
      line(text, "dashboard", own + "/dashboard/");
    }
    line(text, "docs", ops + "/_maglatch/docs");
    line(text, "metrics", ops + "/metrics");
    line(text, "health", ops + "/readyz");
    if (database != null) {
      line(text, "database", "psql \"$(cat " + database.urlFile() + ")\"");
    }
    text.append(made == null ? again() : first(made));
    String link = made == null ? null : gateway.offerLink(made.account());
    if (link != null) {
      text.append("\nThe dashboard without the password, once and for 30 minutes:\n\n  ")
          .append(own)
          .append(link)
          .append('\n');
    }
    return text.append("\nStop it with Ctrl-C.\n").toString();
  }

  private String first(Shown made) {
    return """

    The first account and its key, shown this once:

      e-mail    %s
      password  %s
      key       %s

    A request through the gateway:

      curl -i %s/hello -H "Authorization: Bearer %s"
    """
        .formatted(
            made.email(), made.password().reveal(), made.key().reveal(), http, made.key().reveal());
  }

  private String again() {
    return """

    The data in %s is kept, and nothing new was made. Another key, with the one you have:

      curl %s%s/manage-api-keys -H "Authorization: Bearer $KEY" \\
        -d '{"action":"generate","name":"another"}'
    """
        .formatted(config.dataDir(), http, config.magpipe().base());
  }

  private static void line(StringBuilder text, String name, String value) {
    text.append("  ")
        .append(name)
        .append(" ".repeat(11 - name.length()))
        .append(value)
        .append('\n');
  }

  private static String url(String host, int port) {
    String shown = host.equals("0.0.0.0") || host.equals("::") ? "localhost" : host;
    return "http://" + (shown.contains(":") ? "[" + shown + "]" : shown) + ":" + port;
  }
}
