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
  public ServiceAccountSettings {
    permissions = List.copyOf(permissions);
  }
}
