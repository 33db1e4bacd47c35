// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.key.KeyKind;
import dev.maglatch.manage.Confirmation;
import dev.maglatch.manage.ServiceAccountRecord;
import gg.jte.Content;
import gg.jte.TemplateOutput;
import gg.jte.html.HtmlTemplateOutput;
import gg.jte.html.OwaspHtmlTemplateOutput;
import gg.jte.output.StringOutput;
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

  static Content problem(String text) {
    return out -> JteproblemGenerated.render(html(out), null, text);
  }

  static Content signIn(String next, String email, @Nullable String complaint) {
    return out -> JtesigninGenerated.render(html(out), null, next, email, complaint);
  }

  static Content keys(KeyList list, List<KeyRow> rows, long total, Set<KeyKind> kinds) {
    return out -> JtekeysGenerated.render(html(out), null, list, rows, total, kinds);
  }

  static Content newKey(NewKeyForm form, List<KeyKind> kinds, List<ServiceAccountRecord> accounts) {
    return out -> JtenewkeyGenerated.render(html(out), null, form, kinds, accounts);
  }

  static Content issued(IssuedView issued) {
    return out -> JteissuedGenerated.render(html(out), null, issued);
  }

  static Content revoke(KeyRow row) {
    return out -> JterevokeGenerated.render(html(out), null, row);
  }

  static Content revoked(String name, @Nullable Confirmation confirmation) {
    return out -> JterevokedGenerated.render(html(out), null, name, confirmation);
  }

  /** Content is only ever written into a page. */
  private static HtmlTemplateOutput html(TemplateOutput out) {
    return (HtmlTemplateOutput) out;
  }
}
