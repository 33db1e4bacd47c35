// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.Await;
import dev.maglatch.api.ManagementPlane;
import dev.maglatch.manage.AccountRecord;
import dev.maglatch.manage.AccountRegistry.Insertion;
import dev.maglatch.manage.AccountRegistry.Outcome;
import dev.maglatch.manage.Actor;
import dev.maglatch.manage.CreateAccount;
import dev.maglatch.manage.Page;
import dev.maglatch.manage.RevocationBarrier;
import dev.maglatch.manage.Role;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PgAccountRegistryTest {
  private static ManagementPlane plane;

  @BeforeAll
  static void start() {
    plane = new ManagementPlane(RevocationBarrier.IMMEDIATE);
  }

  @AfterAll
  static void stop() {
    plane.close();
  }

  @Test
  void accountIsMadeWithAnOrganizationOfItsOwn() {
    AccountRecord made = plane.account();

    assertThat(made.userRecordId()).matches("rec[0-9A-Za-z]{14}");
    assertThat(made.role()).isEqualTo(Role.OWNER);
    assertThat(Await.result(plane.accounts().find(made.id()))).isEqualTo(made);
    assertThat(
            plane.rows(
                "SELECT action, actor, credential FROM audit WHERE organization_id = '%s' ORDER BY id"
                    .formatted(made.organizationId())))
        .containsExactly(
            "organization.created|operator|command-line", "account.created|operator|command-line");
  }

  @Test
  void accountJoinsTheOrganizationThatIsNamed() {
    AccountRecord owner = plane.account();
    AccountRecord member = plane.account(owner.organizationId(), Role.MEMBER);

    assertThat(member.organizationId()).isEqualTo(owner.organizationId());
    assertThat(member.role()).isEqualTo(Role.MEMBER);
    assertThat(create("joins@example.com", UUID.randomUUID()).outcome())
        .isEqualTo(Outcome.NO_ORGANIZATION);
  }

  @Test
  void emailIsOneAccountWhateverItsCase() {
    assertThat(create("Some.One@Example.com", null).outcome()).isEqualTo(Outcome.CREATED);
    assertThat(create("some.one@EXAMPLE.com", null).outcome()).isEqualTo(Outcome.EMAIL_TAKEN);

    AccountRecord found = Await.result(plane.accounts().findByEmail("SOME.ONE@example.com"));

    assertThat(found)
        .isNotNull()
        .extracting(AccountRecord::email)
        .isEqualTo("some.one@example.com");
    assertThat(plane.rows("SELECT id FROM organizations WHERE name ILIKE 'some.one%'")).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "x", "@", "a@", "@b", "a b@c", "a@b\n", "a\0@b", "\ud800@b", "İ \t@b"})
  void whatIsNoEmailIsRefused(String email) {
    assertThat(create(email, null).outcome()).isEqualTo(Outcome.NOT_AN_EMAIL);
    assertThat(Await.result(plane.accounts().findByEmail(email))).isNull();
  }

  @Test
  void emailOfMoreThan320CharactersIsRefused() {
    assertThat(create("a".repeat(320) + "@b", null).outcome()).isEqualTo(Outcome.NOT_AN_EMAIL);
  }

  @Test
  void newPasswordEndsEverySession() {
    AccountRecord account = plane.account();
    plane
        .server()
        .execute(
            "INSERT INTO session_families (account_id, kind, expires_at)"
                + " VALUES ('%s', 'token', now() + interval '1 day')".formatted(account.id()));

    assertThat(
            Await.result(
                plane.accounts().setPasswordHash(account.id(), "new hash", Actor.OPERATOR)))
        .isNotNull();

    assertThat(
            plane.rows(
                "SELECT ended_at IS NOT NULL FROM session_families WHERE account_id = '%s'"
                    .formatted(account.id())))
        .containsExactly("t");
    assertThat(
            Await.result(
                plane.accounts().setPasswordHash(UUID.randomUUID(), "hash", Actor.OPERATOR)))
        .isNull();
  }

  @Test
  void accountsAreListedNewestFirst() {
    AccountRecord first = plane.account();
    AccountRecord second = plane.account();

    assertThat(Await.result(plane.accounts().list(new Page(2, 0)))).containsExactly(second, first);
  }

  private static Insertion create(String email, @Nullable UUID organization) {
    return Await.result(
        plane
            .accounts()
            .create(new CreateAccount(email, "hash", organization, Role.OWNER), Actor.OPERATOR));
  }
}
