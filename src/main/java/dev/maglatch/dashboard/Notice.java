// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a page says about what was just done on it. */
enum Notice {
  SAVED("Saved."),
  URL_SET("Events go to this URL from now on."),
  URL_CLEARED("Events go nowhere from now on."),
  TEST_SENT("A test event is on its way. Look at the deliveries for what became of it."),
  NO_WEBHOOK("This key is refused or has no webhook URL."),
  REPLAYED("The delivery is due again now."),
  NOT_REPLAYED("Nothing was sent: the key is refused or has no URL, or it is just being tried."),
  SECRET_REPLACED("There is a new secret. The old one signs beside it for a day."),
  DISABLED("Its keys are refused from now on."),
  ENABLED("Its keys are accepted again."),
  MADE("It is made."),
  PASSWORD_CHANGED("The password is changed, and every other session is over."),
  SESSIONS_ENDED("Every other session is over.");

  private final String text;

  Notice(String text) {
    this.text = text;
  }

  String text() {
    return text;
  }

  /** Leads back to {@code path}, whose page will say this. */
  Reply at(String path) {
    return Reply.seeOther(path + "?said=" + name().toLowerCase(Locale.ROOT));
  }

  /** Returns what the page is to say; null for nothing. */
  static @Nullable String of(Visit visit) {
    Notice said = visit.query().choice("said", Notice.class);
    return said == null ? null : said.text();
  }
}
