// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.manage;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an owner decides about a service account.
 *
 * @param name 1 to 64 code points, unique in its organization
 * @param permissions told to the upstream, enforced nowhere here
 */
public record ServiceAccountSettings(
    String name, @Nullable String description, List<String> permissions) {
  private static final int MAX_PERMISSION_CHARACTERS = 4096;

  public ServiceAccountSettings {
    permissions = List.copyOf(permissions);
  }

  /**
   * Whether these can be permissions, which are one header upstream: visible ASCII texts without
   * commas, 4096 characters in all with a comma between any two.
   */
  public static boolean acceptsPermissions(List<String> permissions) {
    return permissions.stream().allMatch(ServiceAccountSettings::isPermission)
        && String.join(",", permissions).length() <= MAX_PERMISSION_CHARACTERS;
  }

  private static boolean isPermission(String text) {
    return !text.isEmpty() && text.chars().allMatch(c -> c > ' ' && c < 0x7f && c != ',');
  }
}
