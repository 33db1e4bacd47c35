// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import static java.util.stream.Collectors.toMap;

import dev.maglatch.manage.AccountRecord;
import dev.maglatch.manage.AuditRecord;
import dev.maglatch.manage.KeyCatalog.Hour;
import dev.maglatch.manage.KeyCatalog.Viewer;
import dev.maglatch.manage.Page;
import dev.maglatch.manage.ServiceAccountChange;
import dev.maglatch.manage.ServiceAccountRecord;
import dev.maglatch.manage.ServiceAccountSettings;
import dev.maglatch.manage.TextRule;
import io.vertx.core.Future;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What an organization has besides keys. Usage is for everybody, the rest for owners. */
final class OrganizationScreens {
  private static final int KEPT_HOURS = 90 * 24;
  private static final int AUDIT_PAGE = 50;
  private static final Page ALL = new Page(500, 0);
  private static final Page EXPORTED = new Page(10_000, 0);
  private static final String SERVICE_ACCOUNTS = Dashboard.HOME + "service-accounts";

  private final UseCases useCases;
  private final Screens screens;

  OrganizationScreens(UseCases useCases, Screens screens) {
    this.useCases = useCases;
    this.screens = screens;
  }

  List<Route> routes() {
    return List.of(
        Route.get("/usage", this::usage),
        Route.get("/usage.csv", this::usageCsv),
        Route.get("/service-accounts", owners(visit -> serviceAccounts(visit, 200, null))),
        Route.post("/service-accounts", owners(this::makeServiceAccount)),
        Route.get("/service-accounts/*/disable", owners(this::askToDisable)),
        Route.post("/service-accounts/*/disable", owners(visit -> setDisabled(visit, true))),
        Route.post("/service-accounts/*/enable", owners(visit -> setDisabled(visit, false))),
        Route.get("/members", owners(this::members)),
        Route.get("/audit", owners(this::audit)),
        Route.get("/audit.csv", owners(this::auditCsv)));
  }

  private Function<Visit, Future<Reply>> owners(Function<Visit, Future<Reply>> page) {
    return visit ->
        visit.owner()
            ? page.apply(visit)
            : Future.succeededFuture(
                screens.problem(
                    visit, 403, "For owners", "Only owners of the organization see this."));
  }

  private Future<Reply> usage(Visit visit) {
    Instant now = useCases.clock().instant();
    return hours(visit, now, UsageBar.WEEK)
        .map(
            hours ->
                screens.show(
                    visit, "usage", "Usage", Templates.usage(UsageBar.weekOf(hours, now))));
  }

  private Future<List<Hour>> hours(Visit visit, Instant now, int count) {
    Viewer viewer = new Viewer(visit.organizationId(), visit.accountId(), visit.owner());
    return useCases
        .storeUses()
        .get()
        .compose(stored -> useCases.catalog().requests(viewer, UsageBar.from(now, count)));
  }

  private Future<Reply> usageCsv(Visit visit) {
    return hours(visit, useCases.clock().instant(), KEPT_HOURS)
        .map(
            hours -> {
              Csv csv = new Csv("hour", "requests");
              hours.forEach(one -> csv.line(one.start().toString(), Long.toString(one.requests())));
              return csv.reply("usage.csv");
            });
  }

  private Future<Reply> serviceAccounts(Visit visit, int status, @Nullable String complaint) {
    Instant now = useCases.clock().instant();
    return useCases
        .serviceAccounts()
        .list(visit.organizationId(), ALL)
        .map(
            all ->
                screens.show(
                    visit,
                    status,
                    "service-accounts",
                    "Service accounts",
                    Templates.serviceAccounts(
                        all, now, visit.form(), complaint, Notice.of(visit))));
  }

  private Future<Reply> makeServiceAccount(Visit visit) {
    Form form = visit.form();
    String name = TextRule.trim(form.raw("name"));
    String description = form.text("description");
    List<String> permissions =
        Arrays.stream(form.text("permissions").split("[\\s,]+", -1))
            .filter(one -> !one.isEmpty())
            .toList();
    String complaint = complaint(name, description, permissions);
    if (complaint != null) {
      return serviceAccounts(visit, 422, complaint);
    }
    ServiceAccountSettings settings =
        new ServiceAccountSettings(name, description.isEmpty() ? null : description, permissions);
    return useCases
        .serviceAccounts()
        .create(visit.organizationId(), visit.accountId(), settings, visit.actor())
        .compose(change -> made(visit, change));
  }

  private static @Nullable String complaint(
      String name, String description, List<String> permissions) {
    if (name.isEmpty() || !TextRule.accepts(name, TextRule.MAX_NAME)) {
      return "A name has 1 to " + TextRule.MAX_NAME + " characters.";
    }
    if (!TextRule.accepts(description, TextRule.MAX_DESCRIPTION)) {
      return "A description has at most " + TextRule.MAX_DESCRIPTION + " characters.";
    }
    return ServiceAccountSettings.acceptsPermissions(permissions)
        ? null
        : "Permissions are texts of visible ASCII characters, not more than 4096 in all.";
  }

  private Future<Reply> made(Visit visit, ServiceAccountChange change) {
    return switch (change.outcome()) {
      case DONE -> Future.succeededFuture(Notice.MADE.at(SERVICE_ACCOUNTS));
      case NAME_TAKEN -> serviceAccounts(visit, 422, "Another service account has this name.");
      case UNKNOWN, NO_ACCOUNT ->
          serviceAccounts(visit, 422, "This account can make none any more.");
    };
  }

  private Future<Reply> askToDisable(Visit visit) {
    UUID id = KeyFinder.uuid(visit.parts().get(0));
    return id == null
        ? Future.succeededFuture(noServiceAccount(visit))
        : useCases
            .serviceAccounts()
            .find(visit.organizationId(), id)
            .map(found -> found == null ? noServiceAccount(visit) : askToDisable(visit, found));
  }

  private Reply askToDisable(Visit visit, ServiceAccountRecord account) {
    return screens.show(
        visit,
        "service-accounts",
        "Disable " + account.settings().name() + "?",
        Templates.disable(account));
  }

  private Future<Reply> setDisabled(Visit visit, boolean disabled) {
    UUID id = KeyFinder.uuid(visit.parts().get(0));
    if (id == null) {
      return Future.succeededFuture(noServiceAccount(visit));
    }
    UUID organization = visit.organizationId();
    return (disabled
            ? useCases.serviceAccounts().disable(organization, id, visit.actor())
            : useCases.serviceAccounts().enable(organization, id, visit.actor()))
        .map(
            change ->
                change.outcome() == ServiceAccountChange.Outcome.DONE
                    ? (disabled ? Notice.DISABLED : Notice.ENABLED).at(SERVICE_ACCOUNTS)
                    : noServiceAccount(visit));
  }

  private Reply noServiceAccount(Visit visit) {
    return screens.problem(visit, 404, "Not found", "There is no such service account.");
  }

  private Future<Reply> members(Visit visit) {
    Instant now = useCases.clock().instant();
    return useCases
        .accounts()
        .members(visit.organizationId(), ALL)
        .map(all -> screens.show(visit, "members", "Members", Templates.members(all, now)));
  }

  private Future<Reply> audit(Visit visit) {
    int page = visit.query().page();
    Instant now = useCases.clock().instant();
    Future<List<AuditRecord>> found =
        useCases
            .audit()
            .list(visit.organizationId(), new Page(AUDIT_PAGE + 1, (page - 1) * AUDIT_PAGE));
    Future<Map<String, String>> addresses = addresses(visit);
    return Future.all(found, addresses)
        .map(
            both ->
                screens.show(
                    visit,
                    "audit",
                    "Audit log",
                    Templates.audit(
                        found.result().stream()
                            .limit(AUDIT_PAGE)
                            .map(one -> AuditRow.of(one, addresses.result(), now))
                            .toList(),
                        page,
                        found.result().size() > AUDIT_PAGE)));
  }

  private Future<Map<String, String>> addresses(Visit visit) {
    return useCases
        .accounts()
        .members(visit.organizationId(), ALL)
        .map(
            all ->
                all.stream()
                    .collect(toMap(member -> member.id().toString(), AccountRecord::email)));
  }

  private Future<Reply> auditCsv(Visit visit) {
    return useCases.audit().list(visit.organizationId(), EXPORTED).map(OrganizationScreens::csv);
  }

  private static Reply csv(List<AuditRecord> all) {
    Csv csv = new Csv("time", "action", "entity", "id", "detail", "actor", "credential", "address");
    for (AuditRecord one : all) {
      csv.line(
          one.occurredAt().toString(),
          one.action(),
          one.entity(),
          one.entityId(),
          one.detail().encode(),
          one.actor(),
          one.credential(),
          one.address() == null ? "" : one.address());
    }
    return csv.reply("audit.csv");
  }
}
