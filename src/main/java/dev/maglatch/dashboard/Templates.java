// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.key.KeyKind;
import dev.maglatch.manage.AccountRecord;
import dev.maglatch.manage.Confirmation;
import dev.maglatch.manage.ServiceAccountRecord;
import gg.jte.Content;
import gg.jte.TemplateOutput;
import gg.jte.html.HtmlTemplateOutput;
import gg.jte.html.OwaspHtmlTemplateOutput;
import gg.jte.output.StringOutput;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The templates of {@code src/main/jte}, each with what it shows. They escape all of it. */
@SuppressWarnings("NullAway") // what is made from templates does not say where null may stand
final class Templates {
  private Templates() {}

  /** Returns a whole page, or only what belongs into the dialog of another one. */
  static String frame(Frame frame, Content content) {
    StringOutput html = new StringOutput();
    JteframeGenerated.render(new OwaspHtmlTemplateOutput(html), null, frame, content);
    return html.toString();
  }

  /**
   * @param again where the visitor can try once more; null for nowhere
   */
  static Content problem(String text, @Nullable String again) {
    return out -> JteproblemGenerated.render(html(out), null, text, again);
  }

  /** Returns what is said above a form that is left as it is. */
  static String trouble(String text) {
    StringOutput html = new StringOutput();
    JtetroubleGenerated.render(new OwaspHtmlTemplateOutput(html), null, text);
    return html.toString();
  }

  static Content signIn(String next, String email, @Nullable String complaint) {
    return out -> JtesigninGenerated.render(html(out), null, next, email, complaint);
  }

  static Content keys(KeyList list, List<KeyRow> rows, long total, Set<KeyKind> kinds) {
    return out -> JtekeysGenerated.render(html(out), null, list, rows, total, kinds);
  }

  /**
   * @param modal whether the form stands in a dialog, and its answer does too
   */
  static Content newKey(
      KeyForm form, List<KeyKind> kinds, List<ServiceAccountRecord> accounts, boolean modal) {
    return out -> JtenewkeyGenerated.render(html(out), null, form, kinds, accounts, modal);
  }

  static Content issued(IssuedView issued) {
    return out -> JteissuedGenerated.render(html(out), null, issued);
  }

  static Content revoke(KeyRow row, boolean modal) {
    return out -> JterevokeGenerated.render(html(out), null, row, modal);
  }

  static Content done(String text, @Nullable Confirmation confirmation, String back) {
    return out -> JtedoneGenerated.render(html(out), null, text, confirmation, back);
  }

  static Content key(KeyDetail key) {
    return out -> JtekeyGenerated.render(html(out), null, key);
  }

  static Content edit(KeyRow row, KeyForm form, boolean modal) {
    return out -> JteeditGenerated.render(html(out), null, row, form, modal);
  }

  static Content rotate(KeyRow row, boolean modal) {
    return out -> JterotateGenerated.render(html(out), null, row, modal);
  }

  static Content newSecret(KeyRow row, boolean modal) {
    return out -> JtenewsecretGenerated.render(html(out), null, row, modal);
  }

  static Content removeUrl(KeyRow row) {
    return out -> JteremoveurlGenerated.render(html(out), null, row);
  }

  static Content secret(String secret, @Nullable String notice, String back) {
    return out -> JtesecretGenerated.render(html(out), null, secret, notice, back);
  }

  /**
   * @param more whether there is a page after {@code page}
   */
  static Content deliveries(
      String back, List<DeliveryView> deliveries, int page, boolean more, @Nullable String notice) {
    return out ->
        JtedeliveriesGenerated.render(html(out), null, back, deliveries, page, more, notice);
  }

  static Content delivery(String back, DeliveryView delivery, @Nullable String notice) {
    return out -> JtedeliveryGenerated.render(html(out), null, back, delivery, notice);
  }

  static Content account(
      List<SessionRow> sessions, @Nullable String complaint, @Nullable String notice) {
    return out -> JteaccountGenerated.render(html(out), null, sessions, complaint, notice);
  }

  static Content signOutOthers() {
    return out -> JtesignoutothersGenerated.render(html(out), null);
  }

  static Content usage(UsageBar plot) {
    return out -> JteusageGenerated.render(html(out), null, plot);
  }

  static Content serviceAccounts(
      List<ServiceAccountRecord> accounts,
      Instant now,
      Form form,
      @Nullable String complaint,
      @Nullable String notice) {
    return out ->
        JteserviceaccountsGenerated.render(html(out), null, accounts, now, form, complaint, notice);
  }

  static Content disable(ServiceAccountRecord account) {
    return out -> JtedisableGenerated.render(html(out), null, account);
  }

  static Content members(List<AccountRecord> members, Instant now) {
    return out -> JtemembersGenerated.render(html(out), null, members, now);
  }

  static Content audit(List<AuditRow> rows, int page, boolean more) {
    return out -> JteauditGenerated.render(html(out), null, rows, page, more);
  }

  static Content welcome(String token) {
    return out -> JtewelcomeGenerated.render(html(out), null, token);
  }

  /** Content is only ever written into a page. */
  private static HtmlTemplateOutput html(TemplateOutput out) {
    return (HtmlTemplateOutput) out;
  }
}
