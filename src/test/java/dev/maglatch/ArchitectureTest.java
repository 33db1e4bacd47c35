// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The rules that keep the house as src/docs/architecture.md draws it. */
@AnalyzeClasses(packages = "dev.maglatch", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String BASE = "dev.maglatch.";

  @ArchTest
  static final ArchRule importGraphHasNoCircle =
      slices().matching(BASE + "(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule arrowsPointDown =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .withOptionalLayers(true)
          .layer("5")
          .definedBy("dev.maglatch", BASE + "cli..")
          .layer("4")
          .definedBy(BASE + "config..", BASE + "ops..")
          .layer("3")
          .definedBy(
              BASE + "proxy..",
              BASE + "api..",
              BASE + "dashboard..",
              BASE + "embed..",
              BASE + "postgres..")
          .layer("2")
          .definedBy(
              BASE + "verify..",
              BASE + "session..",
              BASE + "usage..",
              BASE + "manage..",
              BASE + "limit..",
              BASE + "cluster..",
              BASE + "webhook..")
          .layer("1")
          .definedBy(BASE + "key..", BASE + "http..")
          .layer("0")
          .definedBy(BASE + "fault..", BASE + "secret..", BASE + "settings..")
          .whereLayer("5")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("4")
          .mayOnlyBeAccessedByLayers("5")
          .whereLayer("3")
          .mayOnlyBeAccessedByLayers("4", "5")
          .whereLayer("2")
          .mayOnlyBeAccessedByLayers("3", "4", "5")
          .whereLayer("1")
          .mayOnlyBeAccessedByLayers("2", "3", "4", "5");

  @ArchTest
  static final ArchRule sqlLivesInPostgresAlone = // the composition root hands connections on
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.maglatch", BASE + "postgres..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "java.sql..", "io.vertx.sqlclient..", "io.vertx.pgclient..", "org.flywaydb..");

  @ArchTest
  static final ArchRule nothingSleepsOrWaitsOnAnEventLoop =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.maglatch", BASE + "cli..")
          .should()
          .callMethod(Thread.class, "sleep", long.class)
          .orShould()
          .callMethod(java.util.concurrent.CompletableFuture.class, "get")
          .orShould()
          .callMethod(java.util.concurrent.CountDownLatch.class, "await")
          .orShould()
          .callMethod(io.vertx.core.Future.class, "await")
          .orShould()
          .callMethod(io.vertx.core.Future.class, "await", io.vertx.core.Future.class);

  @ArchTest
  static final ArchRule noMutableStatics =
      fields().that().areStatic().and().areNotPrivate().should().beFinal();

  @ArchTest
  static final ArchRule noStandardStreamsOutsideTheCommandLine =
      noClasses()
          .that()
          .resideOutsideOfPackage(BASE + "cli..")
          .should()
          .accessField(System.class, "out")
          .orShould()
          .accessField(System.class, "err");
}
