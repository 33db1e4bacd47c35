// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import org.jspecify.annotations.Nullable;

/**
 * What every page has around its content.
 *
 * @param title of the page
 * @param section which entry of the navigation it belongs to; empty for none
 * @param email who is signed in; null if nobody is
 * @param owner whether that is an owner of the organization
 * @param modal whether only the content is wanted, for the dialog of the page that asks
 * @param here the path of the page; null if it is what a form was answered with, which would be
 *     lost by going anywhere
 * @param theme what the visitor has chosen; null for nothing
 */
record Frame(
    String title,
    String section,
    @Nullable String email,
    boolean owner,
    boolean modal,
    @Nullable String here,
    @Nullable Theme theme,
    Assets assets) {}
