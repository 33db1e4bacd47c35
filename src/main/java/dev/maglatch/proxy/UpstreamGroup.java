// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.proxy.ProxyConfig.Pool;
import dev.maglatch.settings.Section;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The servers that a route sends its requests to; each of them can answer every one.
 *
 * <p>What is known about an upstream while the gateway runs (connections, requests in flight) is
 * kept under the equal of this record: what a change of the configuration leaves equal goes on.
 *
 * @param name as routes name it; for a route with a URL of its own that URL's host and port
 * @param targets at least one
 * @param pool bounds; null takes those of the whole proxy
 * @param ejection when a server that fails gets no requests for a while
 * @param healthCheck how servers are asked whether they are well; null if they are not
 */
public record UpstreamGroup(
    String name,
    List<Target> targets,
    Balance balance,
    Link link,
    @Nullable Pool pool,
    Ejection ejection,
    @Nullable HealthCheck healthCheck) {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
  private static final int MAX_TARGETS = 64;
  private static final int MAX_WEIGHT = 100;

  public UpstreamGroup {
    targets = List.copyOf(targets);
  }

  UpstreamGroup(
      String name, List<Target> targets, Balance balance, Link link, @Nullable Pool pool) {
    this(name, targets, balance, link, pool, Ejection.DEFAULT, null);
  }

  /**
   * One server.
   *
   * @param weight how much it takes beside the others, from 1
   */
  public record Target(Upstream url, int weight) {}

  /** Who gets the next request. Ties, and every choice in turns, go by weight. */
  public enum Balance {
    /** The target with the fewest requests under way, as its weight counts them. */
    LEAST_REQUESTS,
    /** Each in its turn. */
    ROUND_ROBIN
  }

  /** Returns the URLs of all targets. */
  public List<String> urls() {
    return targets.stream().map(target -> target.url().url()).toList();
  }

  /**
   * When a server gets no requests for a while. Each event loop judges by its own requests.
   *
   * @param failures in a row: no connection, or no answer on it, or not in time
   * @param time the first time; doubled each time that it fails again right afterwards
   * @param maxTime longest
   */
  public record Ejection(int failures, Duration time, Duration maxTime) {
    static final Ejection DEFAULT = new Ejection(5, Duration.ofSeconds(5), Duration.ofMinutes(2));

    private static final Duration SHORTEST = Duration.ofMillis(100);
    private static final Duration LONGEST = Duration.ofHours(1);

    static Ejection read(Section section) {
      Ejection read =
          new Ejection(
              section.integer("failures", DEFAULT.failures, 1, 1_000),
              section.duration("time", DEFAULT.time, SHORTEST, LONGEST),
              section.duration("max-time", DEFAULT.maxTime, SHORTEST, LONGEST));
      if (read.time.compareTo(read.maxTime) > 0) {
        section.problem("time", "at most max-time");
      }
      return read;
    }
  }

  /** What connections speak. */
  public enum Protocol {
    HTTP1,
    /** HTTP/2 over TLS. */
    H2,
    /** HTTP/2 without TLS, both sides knowing it beforehand. */
    H2C
  }

  /**
   * How connections are made.
   *
   * @param connectTimeout until one stands, TLS included
   */
  public record Link(Protocol protocol, Duration connectTimeout, UpstreamTls tls) {
    static Link http1(Duration connectTimeout) {
      return new Link(Protocol.HTTP1, connectTimeout, UpstreamTls.DEFAULT);
    }
  }

  /** A group of one, as a URL at a route makes it. */
  static UpstreamGroup of(Upstream url, Duration connectTimeout) {
    return new UpstreamGroup(
        url.authority(),
        List.of(new Target(url, 1)),
        Balance.LEAST_REQUESTS,
        Link.http1(connectTimeout),
        null);
  }

  /** Reads {@code proxy.upstreams}; what is wrong with one is noted, and it is left out. */
  static Map<String, UpstreamGroup> readAll(Section proxy) {
    Map<String, UpstreamGroup> groups = new TreeMap<>();
    for (Section section : proxy.sections("upstreams")) {
      UpstreamGroup group = readGroup(section, proxy);
      if (group != null && groups.putIfAbsent(group.name(), group) != null) {
        section.problem("name", "a name that no other upstream has");
      }
    }
    return groups;
  }

  /**
   * Reads what a route sends to: the name of a group, or the URL of one server. Null if it is not
   * set, or noted as a problem.
   */
  static @Nullable UpstreamGroup read(
      Section section, Map<String, UpstreamGroup> groups, Duration connectTimeout) {
    String text = section.text("upstream");
    if (text == null) {
      return null;
    }
    UpstreamGroup named = groups.get(text);
    if (named != null) {
      return named;
    }
    Upstream url = Upstream.parse(text);
    if (url == null) {
      section.problem(
          "upstream", "an http or https URL without query, or a name in proxy.upstreams");
      return null;
    }
    return of(url, connectTimeout);
  }

  private static @Nullable UpstreamGroup readGroup(Section section, Section proxy) {
    String name = section.text("name");
    if (name == null || !NAME.matcher(name).matches()) {
      section.problem("name", "up to 64 letters, digits, dots, dashes or underscores");
      name = null;
    }
    List<Target> targets = readTargets(section);
    Balance balance = section.choice("balance", Balance.LEAST_REQUESTS);
    Link link = readLink(section, proxy, targets);
    Pool pool = Pool.read(section, Pool.read(proxy));
    Ejection ejection = Ejection.read(section.section("ejection"));
    HealthCheck healthCheck = HealthCheck.read(section.section("health-check"));
    return name == null || targets.isEmpty()
        ? null
        : new UpstreamGroup(name, targets, balance, link, pool, ejection, healthCheck);
  }

  private static Link readLink(Section section, Section proxy, List<Target> targets) {
    Protocol protocol = section.choice("protocol", Protocol.HTTP1);
    if (protocol == Protocol.H2 && !targets.stream().allMatch(target -> target.url().tls())) {
      section.problem("protocol", "h2c, or only https in targets");
    }
    if (protocol == Protocol.H2C && targets.stream().anyMatch(target -> target.url().tls())) {
      section.problem("protocol", "h2, or only http in targets");
    }
    if (!targets.isEmpty() && targets.stream().noneMatch(target -> target.url().tls())) {
      UpstreamTls.refuse(section.section("tls"));
    }
    Duration connect = Route.Timeouts.read(proxy, Route.Timeouts.DEFAULT).connect();
    return new Link(
        protocol,
        Route.Timeouts.readConnect(section, connect),
        UpstreamTls.read(section.section("tls")));
  }

  private static List<Target> readTargets(Section section) {
    List<Section> items = section.sections("targets");
    if (items.isEmpty() || items.size() > MAX_TARGETS) {
      section.problem("targets", "1 to " + MAX_TARGETS + " items such as {url: http://a:80}");
      return List.of();
    }
    List<Target> targets = new ArrayList<>();
    for (Section item : items) {
      Upstream url = Upstream.read(item, "url");
      int weight = item.integer("weight", 1, 1, MAX_WEIGHT);
      if (url != null) {
        targets.add(new Target(url, weight));
      } else if (!item.has("url")) {
        item.problem("url", "an http or https URL");
      }
    }
    return targets.size() == items.size() ? targets : List.of();
  }
}
