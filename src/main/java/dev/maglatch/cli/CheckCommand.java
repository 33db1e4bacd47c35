// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.OwnPaths;
import dev.maglatch.config.GatewayConfig;
import dev.maglatch.config.Mode;
import dev.maglatch.proxy.HealthCheck;
import dev.maglatch.proxy.Route;
import dev.maglatch.proxy.RouteGuide;
import dev.maglatch.proxy.RouteGuide.Address;
import dev.maglatch.proxy.RouteGuide.Choice;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code maglatch check}. */
@Command(
    name = "check",
    description = {
      "Checks all settings as serve would, without starting anything, and shows the routes.",
      "Prints every problem with its key, its value, what was expected and where it was set.",
      "With --url, tells which route such a request would take, and what the upstream is asked for."
    },
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    sortOptions = false,
    footer = {"", "Exit codes: 0 valid, 1 valid and --url is refused, 2 invalid"})
final class CheckCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before call()
  private CommandSpec spec;

  @Mixin private final SettingsOptions settings = new SettingsOptions();

  @Option(names = "--dev", description = "Checks as dev would: nothing has to be set.")
  private boolean dev;

  @Option(
      names = "--url",
      paramLabel = "U",
      description = "What a client might ask for: http://host/path, or a path alone.")
  private @Nullable String url;

  @Option(names = "--method", paramLabel = "M", description = "By which method; GET unless set.")
  private String method = "GET";

  @Option(names = "--json", description = "Prints a JSON object: routes, and with --url, choice.")
  private boolean json;

  @Override
  public Integer call() {
    GatewayConfig config = settings.read(dev ? Mode.DEV : Mode.SERVE);
    Choice choice = url == null ? null : choose(config, Urls.address(spec, url));
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(json(config.proxy().routes(), choice).encode());
    } else {
      print(config.proxy().routes(), choice, out);
    }
    return choice == null || choice.status() == 0 ? 0 : 1;
  }

  private Choice choose(GatewayConfig config, Address address) {
    return new OwnPaths(config).take(address)
        ? new Choice(null, null, 0, "the gateway's own: no upstream gets it")
        : new RouteGuide(config.proxy()).choose(Urls.method(spec, method), address);
  }

  private void print(List<Route> routes, @Nullable Choice choice, PrintWriter out) {
    Path file = settings.file();
    out.println(
        "Configuration is valid ("
            + (file == null ? "environment alone" : file + " and environment")
            + ").");
    table(routes).print(out);
    if (choice != null) {
      out.println(told(choice));
    }
  }

  private static Table table(List<Route> routes) {
    Table table =
        new Table(
            "ROUTE",
            "METHODS",
            "HOST",
            "PATH",
            "AUTH",
            "SCOPES",
            "UPSTREAM",
            "HEALTH CHECK",
            "CHANGES");
    routes.forEach(
        route ->
            table.row(
                route.name(),
                orAll(String.join(",", route.match().methodNames())),
                orAll(route.match().hostText()),
                route.match().path(),
                lower(route.access().auth()),
                String.join(" ", route.access().scopes()),
                String.join(" ", route.upstream().urls()),
                told(route.upstream().healthCheck()),
                String.join("; ", route.changes().texts())));
    return table;
  }

  private static String told(@Nullable HealthCheck check) {
    return check == null ? "-" : check.toString();
  }

  private static String told(Choice choice) {
    Route route = choice.route();
    if (route != null) {
      return "Route "
          + route.name()
          + " takes it; the upstream is asked for "
          + choice.upstreamUrl();
    }
    return choice.status() == 0
        ? "It is " + choice.reason() + "."
        : "It is refused with " + choice.status() + ": " + choice.reason() + ".";
  }

  private static JsonObject json(List<Route> routes, @Nullable Choice choice) {
    JsonArray all = new JsonArray();
    routes.forEach(route -> all.add(json(route)));
    JsonObject object = new JsonObject().put("routes", all);
    if (choice != null) {
      Route route = choice.route();
      object.put(
          "choice",
          new JsonObject()
              .put("route", route == null ? null : route.name())
              .put("upstream_url", choice.upstreamUrl())
              .put("status", choice.status() == 0 ? null : choice.status())
              .put("reason", choice.reason().isEmpty() ? null : choice.reason()));
    }
    return object;
  }

  private static JsonObject json(Route route) {
    return new JsonObject()
        .put("name", route.name())
        .put("methods", new JsonArray(List.copyOf(route.match().methodNames())))
        .put("host", route.match().hostText())
        .put("path", route.match().path().toString())
        .put("auth", lower(route.access().auth()))
        .put("scopes", new JsonArray(route.access().scopes().stream().sorted().toList()))
        .put("upstream", new JsonArray(route.upstream().urls()))
        .put("health_check", json(route.upstream().healthCheck()))
        .put("changes", new JsonArray(route.changes().texts()));
  }

  private static @Nullable JsonObject json(@Nullable HealthCheck check) {
    return check == null
        ? null
        : new JsonObject()
            .put("path", check.path())
            .put("interval_ms", check.interval().toMillis())
            .put("timeout_ms", check.timeout().toMillis())
            .put("healthy", check.healthy())
            .put("unhealthy", check.unhealthy())
            .put("status", check.expected().toString());
  }

  private static String orAll(@Nullable String text) {
    return text == null || text.isEmpty() ? "*" : text;
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
