// SPDX-License-Identifier: Apache-2.0
package dev.maglatch;

import java.util.List;

/**
 * Why a request is let through or refused, step by step in the order of the gateway.
 *
 * @param status what the gateway answers; 0 if it forwards the request
 */
public record Explanation(int status, List<Step> steps) {
  public Explanation {
    steps = List.copyOf(steps);
  }

  public boolean allowed() {
    return status == 0;
  }

  /**
   * One thing that was looked at.
   *
   * @param name of the thing
   * @param passed whether the request goes on after it
   */
  public record Step(String name, boolean passed, String text) {}
}
