// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.Management;
import dev.maglatch.key.KeyKind;
import dev.maglatch.manage.AccountRecord;
import dev.maglatch.manage.AccountRegistry.Insertion;
import dev.maglatch.manage.Actor;
import dev.maglatch.manage.CreateAccount;
import dev.maglatch.manage.CreateKey;
import dev.maglatch.manage.Creation;
import dev.maglatch.manage.KeyOwner;
import dev.maglatch.manage.KeySettings;
import dev.maglatch.manage.Role;
import dev.maglatch.secret.Secret;
import io.vertx.core.Future;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code maglatch try}. */
@Command(
    name = "try",
    description = {
      "Makes a key, asks a running gateway with it, revokes it and asks again.",
      "Succeeds if the gateway let the key in and refused it once it was revoked. No upstream is"
          + " asked. The account stays, and the revoked key in it."
    },
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false)
final class TryCommand implements Callable<Integer> {
  private static final String PATH = "/_maglatch/forward-auth";
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before call()
  private CommandSpec spec;

  @Option(
      names = "--url",
      required = true,
      paramLabel = "URL",
      description = "The gateway's public listener, such as http://127.0.0.1:8080.")
  @SuppressWarnings("NullAway.Init")
  private URI url;

  @Option(
      names = "--email",
      paramLabel = "E",
      description = "Whose the key is; the account is made if it is not there (${DEFAULT-VALUE}).")
  private String email = "try@maglatch.invalid";

  @Mixin private final DatabaseWork database = new DatabaseWork();

  /** A key that was made to be used twice. */
  private record Made(UUID id, Secret token) {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    HttpClient client = HttpClient.newBuilder().connectTimeout(PATIENCE).build();
    Made key = database.run(this::makeKey);
    try {
      expect(200, ask(client, key), "the new key");
      out.println("The gateway let a new key in.");
    } finally {
      database.run(all -> all.operatorKeys().revoke(key.id()));
    }
    expect(401, ask(client, key), "the revoked key");
    out.println("It refused the key once it was revoked.");
    return 0;
  }

  private Future<Made> makeKey(Management all) {
    CreateAccount wanted = new CreateAccount(email, null, null, Role.OWNER);
    return all.accounts()
        .create(wanted, Actor.OPERATOR)
        .compose(done -> account(all, done))
        .compose(account -> all.keys().create(key(account), Actor.OPERATOR))
        .compose(TryCommand::made);
  }

  private Future<AccountRecord> account(Management all, Insertion done) {
    AccountRecord account = done.account();
    return account == null ? Accounts.named(all, email) : Future.succeededFuture(account);
  }

  private static CreateKey key(AccountRecord account) {
    KeyOwner owner = new KeyOwner(account.organizationId(), account.id(), null);
    return new CreateKey(KeyKind.MGP, owner, KeySettings.named("try"), null);
  }

  private static Future<Made> made(Creation done) {
    return switch (done.outcome()) {
      case CREATED -> Future.succeededFuture(new Made(done.key().key().id(), done.key().token()));
      case LIMIT_REACHED, NO_SERVICE_ACCOUNT, NO_ACCOUNT ->
          Future.failedFuture(new CommandFailure("no key could be made: " + done.outcome()));
    };
  }

  private int ask(HttpClient client, Made key) throws InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(url.resolve(PATH))
            .timeout(PATIENCE)
            .header("Authorization", "Bearer " + key.token().reveal())
            .build();
    try {
      return client.send(request, BodyHandlers.discarding()).statusCode();
    } catch (IOException failed) {
      throw new CommandFailure(url + " does not answer: " + failed);
    }
  }

  private void expect(int wanted, int got, String what) {
    if (got != wanted) {
      throw new CommandFailure(
          url + " answered " + got + " to " + what + " (expected: " + wanted + ")");
    }
  }
}
