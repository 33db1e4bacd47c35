// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import gg.jte.Content;

/** Puts content into the frame of all pages. */
final class Screens {
  private final Assets assets;

  Screens(Assets assets) {
    this.assets = assets;
  }

  /** Returns a page, or its content alone if that is what {@code visit} asks for. */
  Reply show(Visit visit, int status, String section, String title, Content content) {
    var who = visit.who();
    Frame frame =
        new Frame(
            title,
            section,
            who == null ? null : who.account().email(),
            who != null && who.account().owner(),
            visit.modal(),
            visit.reads() ? visit.request().uri() : null,
            Theme.of(visit),
            assets);
    return Reply.page(status, Templates.frame(frame, content));
  }

  Reply show(Visit visit, String section, String title, Content content) {
    return show(visit, 200, section, title, content);
  }

  /** Returns a page that says what is wrong. */
  Reply problem(Visit visit, int status, String title, String text) {
    return show(visit, status, "", title, Templates.problem(text, null));
  }

  /**
   * Returns a page that says why nothing can be done now, and offers to try again. A form in a
   * dialog stays as it was filled in, and has it said above.
   */
  Reply unavailable(Visit visit, String text) {
    if (visit.modal() && !visit.reads()) {
      return Reply.page(503, Templates.trouble(text)).with("HX-Retarget", "#trouble");
    }
    String again = visit.reads() ? visit.request().uri() : null;
    Reply page = show(visit, 503, "", "Not available", Templates.problem(text, again));
    return visit.scripted() && !visit.modal() ? inPlaceOfAll(page) : page;
  }

  /** Whatever part of a page a script has asked for, it gets the whole. */
  private static Reply inPlaceOfAll(Reply page) {
    return page.with("HX-Retarget", "#content")
        .with("HX-Reselect", "#content")
        .with("HX-Reswap", "outerHTML");
  }
}
