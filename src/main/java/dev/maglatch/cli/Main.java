// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

/** The command line's entry point. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    System.out.println("hello " + String.join(" ", args));
  }
}
