// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ThemeTest {
  @Test
  void whatIsSaidOfDarkPagesIsSaidOfDarkSystemsToo() {
    assertThat(
            Theme.followingTheSystem(
                """
                /* first */ a { b: c }
                @media print { a { b: d } }
                [data-bs-theme=dark], .dark { e: f }
                [data-bs-theme=dark] a { b: g }
                """))
        .isEqualTo(
            """
            /* first */ a { b: c }
            @media print { a { b: d } }
            [data-bs-theme=dark], .dark { e: f }
            [data-bs-theme=dark] a { b: g }

            @media (prefers-color-scheme:dark){
            :where(:root):not([data-bs-theme]), .dark { e: f }
            :where(:root):not([data-bs-theme]) a { b: g }}
            """);
  }
}
