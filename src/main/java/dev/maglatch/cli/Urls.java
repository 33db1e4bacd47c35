// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.cli;

import dev.maglatch.proxy.RouteGuide.Address;
import io.vertx.core.http.HttpMethod;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Reads the request that a command is asked about. */
final class Urls {
  private Urls() {}

  static HttpMethod method(CommandSpec command, String name) {
    if (!name.matches("[A-Za-z]{1,20}")) {
      throw new ParameterException(command.commandLine(), "not a method: " + name);
    }
    return HttpMethod.valueOf(name);
  }

  static Address address(CommandSpec command, String url) {
    Address address = Address.parse(url);
    if (address == null) {
      throw new ParameterException(
          command.commandLine(), "not a URL such as http://host/path: " + url);
    }
    return address;
  }
}
