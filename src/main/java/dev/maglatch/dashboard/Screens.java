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
            assets);
    return Reply.page(status, Templates.frame(frame, content));
  }

  Reply show(Visit visit, String section, String title, Content content) {
    return show(visit, 200, section, title, content);
  }

  /** Returns a page that says what is wrong. */
  Reply problem(Visit visit, int status, String title, String text) {
    return show(visit, status, "", title, Templates.problem(text));
  }
}
