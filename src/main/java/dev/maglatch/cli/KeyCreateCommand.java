// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.Management;
import dev.maglatch.key.KeyKind;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.Principal;
import dev.maglatch.manage.AccountRecord;
import dev.maglatch.manage.Actor;
import dev.maglatch.manage.CreateKey;
import dev.maglatch.manage.Creation;
import dev.maglatch.manage.Creation.IssuedKey;
import dev.maglatch.manage.KeyOwner;
import dev.maglatch.manage.KeySettings;
import dev.maglatch.manage.TextRule;
import dev.maglatch.manage.TimeRule;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code maglatch key create}. */
@Command(
    name = "create",
    description = "Makes a key and prints its token, which is kept nowhere and never shown again.",
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false,
    footer = {
      "",
      "For example:",
      "  maglatch key create --account ann@example.com --kind mgp --name laptop",
      "  maglatch key create --account ann@example.com --kind org --name ci --scope read-write"
    })
final class KeyCreateCommand implements Callable<Integer> {
  private static final String URLS =
      "an https URL of a public host, or what webhooks.allow-http and webhooks.allowed-cidrs open";

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before call()
  private CommandSpec spec;

  @Option(
      names = "--account",
      required = true,
      paramLabel = "E",
      description = "E-mail address or id of the account that holds it.")
  @SuppressWarnings("NullAway.Init")
  private String account;

  @Option(
      names = "--kind",
      required = true,
      paramLabel = "KIND",
      converter = Converters.OfKind.class,
      description = "mgp (Magpipe), mp (MagicPost) or org (organization API).")
  @SuppressWarnings("NullAway.Init")
  private KeyKind kind;

  @Option(
      names = "--name",
      paramLabel = "N",
      description = "What it is called: at most 64 characters. Only a key of kind mp needs none.")
  private @Nullable String name;

  @Option(
      names = "--scope",
      paramLabel = "S",
      description = "Of a key of kind org: read (the default) or read-write.")
  private @Nullable String scope;

  @Option(
      names = "--description",
      paramLabel = "TEXT",
      description = "What it is for: at most 1024 characters.")
  private @Nullable String description;

  @Option(
      names = "--expires",
      paramLabel = "TIME",
      description = "Of a key of kind org: when it ends, such as 2027-01-31T00:00:00Z.")
  private @Nullable String expires;

  @Option(
      names = "--service-account",
      paramLabel = "ID",
      description =
          "Of a key of kind org: the service account it speaks for, of the same organization.")
  private @Nullable UUID serviceAccount;

  @Option(
      names = "--webhook-url",
      paramLabel = "URL",
      description = "Of a key of kind mgp: where the events of its account go, an https URL.")
  private @Nullable String webhookUrl;

  @Option(
      names = "--json",
      description = "Prints JSON: id, token, prefix, kind; with a URL also webhook_secret.")
  private boolean json;

  @Mixin private final DatabaseWork database = new DatabaseWork();

  @Override
  public Integer call() throws IOException {
    if (serviceAccount != null && kind != KeyKind.ORG) {
      throw wrong("--service-account is for keys of kind org only");
    }
    KeySettings settings =
        new KeySettings(
            wantedName(), wantedDescription(), wantedScope(), wantedExpiry(), KeyPolicy.NONE);
    if (webhookUrl != null && kind != KeyKind.MGP) {
      throw wrong("--webhook-url is for keys of kind mgp only");
    }
    IssuedKey made = database.run(all -> create(all, settings));
    print(spec.commandLine().getOut(), made);
    return 0;
  }

  private @Nullable String wantedName() {
    String wanted = name == null ? "" : TextRule.trim(name);
    if (!TextRule.accepts(wanted, TextRule.MAX_NAME)) {
      throw wrong("--name: expected at most " + TextRule.MAX_NAME + " characters of text");
    }
    if (wanted.isEmpty() && kind != KeyKind.MP) {
      throw wrong("--name is needed for a key of kind " + kind.text());
    }
    return wanted.isEmpty() ? null : wanted;
  }

  private @Nullable String wantedScope() {
    if (kind != KeyKind.ORG) {
      if (scope != null) {
        throw wrong("--scope is for keys of kind org only");
      }
      return null;
    }
    if (scope == null || scope.equals(Principal.SCOPE_READ)) {
      return Principal.SCOPE_READ;
    }
    if (!scope.equals(Principal.SCOPE_READ_WRITE)) {
      throw wrong("--scope: " + scope + " (expected: read or read-write)");
    }
    return scope;
  }

  private @Nullable String wantedDescription() {
    if (description != null && !TextRule.accepts(description, TextRule.MAX_DESCRIPTION)) {
      throw wrong(
          "--description: expected at most " + TextRule.MAX_DESCRIPTION + " characters of text");
    }
    return description;
  }

  private @Nullable Instant wantedExpiry() {
    if (expires == null) {
      return null;
    }
    if (kind != KeyKind.ORG) {
      throw wrong("--expires is for keys of kind org only");
    }
    Instant time = TimeRule.parsed(expires);
    if (time == null || !time.isAfter(Instant.now())) {
      throw wrong("--expires: " + expires + " (expected: a time to come, 2027-01-31T00:00:00Z)");
    }
    return time;
  }

  private ParameterException wrong(String text) {
    return new ParameterException(spec.commandLine(), text);
  }

  private Future<IssuedKey> create(Management all, KeySettings settings) {
    return webhookUrl == null || all.destinations().accepts(webhookUrl)
        ? Accounts.named(all, account).compose(holder -> create(all, holder, settings))
        : Future.failedFuture(wrong("--webhook-url: " + webhookUrl + " (expected: " + URLS + ")"));
  }

  private Future<IssuedKey> create(
      Management management, AccountRecord holder, KeySettings settings) {
    KeyOwner owner = new KeyOwner(holder.organizationId(), holder.id(), serviceAccount);
    return management
        .keys()
        .create(new CreateKey(kind, owner, settings, webhookUrl), Actor.OPERATOR)
        .compose(done -> issued(management, done));
  }

  private Future<IssuedKey> issued(Management management, Creation done) {
    return switch (done.outcome()) {
      case CREATED -> Future.succeededFuture(done.key());
      case LIMIT_REACHED ->
          Future.failedFuture(
              new CommandFailure(
                  "%s has %d active keys of kind %s, and more are not allowed; revoke one first"
                      .formatted(account, management.keys().cap(kind), kind.text())));
      case NO_SERVICE_ACCOUNT ->
          Future.failedFuture(
              new CommandFailure(
                  "the organization of "
                      + account
                      + " has no active service account "
                      + serviceAccount));
      case NO_ACCOUNT ->
          Future.failedFuture(new CommandFailure("the account " + account + " is disabled"));
    };
  }

  private void print(PrintWriter out, IssuedKey made) {
    if (json) {
      JsonObject key =
          new JsonObject()
              .put("id", made.key().id().toString())
              .put("token", made.token().reveal())
              .put("prefix", made.key().prefix())
              .put("kind", made.key().kind().text());
      if (made.webhookSecret() != null) {
        key.put("webhook_secret", made.webhookSecret().reveal());
      }
      out.println(key.encode());
      return;
    }
    out.println("Made key " + made.key().id() + " of " + account + ". Its token, shown this once:");
    out.println(made.token().reveal());
    if (made.webhookSecret() != null) {
      out.println("Its webhooks are signed with:");
      out.println(made.webhookSecret().reveal());
    }
  }
}
