// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.dashboard;

import dev.maglatch.http.IpRanges;
import dev.maglatch.key.KeyKind;
import dev.maglatch.key.KeyPolicy;
import dev.maglatch.key.KeyPolicy.RateLimit;
import dev.maglatch.key.Principal;
import dev.maglatch.manage.KeySettings;
import dev.maglatch.manage.TextRule;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The form for a key: what was filled in, and what is wrong with it. Fields that the chosen kind of
 * key has no use for are not looked at.
 */
final class KeyForm {
  static final String NAME = "name";
  static final String DESCRIPTION = "description";
  static final String EXPIRY = "expiry";
  static final String EXPIRES_ON = "expires_on";
  static final String ALLOWED_IPS = "allowed_ips";
  static final String RATE_LIMIT = "rate_limit";
  static final String RATE_WINDOW = "rate_window";
  static final String WEBHOOK_URL = "webhook_url";
  static final String SERVICE_ACCOUNT = "service_account";

  static final String URL_NOT_ACCEPTED = "This must be an https URL of a public address.";

  private static final int MAX_RANGES = 100;

  private final Form form;
  private final @Nullable KeySettings before;
  private final Instant now;
  private final Map<String, String> complaints = new LinkedHashMap<>();

  /** Makes the form for a new key. */
  KeyForm(Form form, Instant now) {
    this(form, null, now);
  }

  /**
   * @param before the settings of the key that is there; null for a new one
   */
  KeyForm(Form form, @Nullable KeySettings before, Instant now) {
    this.form = form;
    this.before = before;
    this.now = now;
  }

  /** Returns the form as it is shown first for a key that is there. */
  static KeyForm of(KeySettings settings, Instant now) {
    Map<String, String> fields = new HashMap<>();
    fields.put(NAME, settings.name() == null ? "" : settings.name());
    fields.put(DESCRIPTION, settings.description() == null ? "" : settings.description());
    Instant expires = settings.expiresAt();
    fields.put(EXPIRES_ON, expires == null ? "" : lastDay(expires).toString());
    fields.put("scope", settings.scope() == null ? "" : settings.scope());
    List<String> ranges = settings.policy().allowedIps();
    fields.put(ALLOWED_IPS, ranges == null ? "" : String.join(", ", ranges));
    RateLimit rate = settings.policy().rateLimit();
    fields.put(RATE_LIMIT, rate == null ? "" : Integer.toString(rate.limit()));
    fields.put(RATE_WINDOW, rate == null ? "" : Integer.toString(rate.windowSeconds()));
    return new KeyForm(Form.filled(fields), settings, now);
  }

  /** Returns what was filled in, or what the empty form starts with. */
  String value(String field) {
    return form.text(field);
  }

  @Nullable String complaint(String field) {
    return complaints.get(field);
  }

  boolean isGood() {
    return complaints.isEmpty();
  }

  void complain(String field, String text) {
    complaints.putIfAbsent(field, text);
  }

  /** Returns the kind of the key: the first of {@code offered} unless another one is chosen. */
  KeyKind kind(List<KeyKind> offered) {
    KeyKind chosen = form.choice("kind", KeyKind.class);
    return chosen != null && offered.contains(chosen) ? chosen : offered.get(0);
  }

  boolean isChosen(String field, String value, String usual) {
    String chosen = form.text(field);
    return value.equals(chosen.isEmpty() ? usual : chosen);
  }

  /** Returns the settings of a key of that kind, which are good unless there is a complaint. */
  KeySettings settings(KeyKind kind) {
    String name = name(kind);
    if (kind != KeyKind.ORG) {
      return KeySettings.named(name);
    }
    boolean writes = form.text("scope").equals(Principal.SCOPE_READ_WRITE);
    return new KeySettings(
        name,
        description(),
        writes ? Principal.SCOPE_READ_WRITE : Principal.SCOPE_READ,
        expiresAt(),
        new KeyPolicy(ranges(), rate()));
  }

  private @Nullable String name(KeyKind kind) {
    String name = TextRule.trim(form.raw(NAME));
    if (!TextRule.storable(name) || !TextRule.fits(name, TextRule.MAX_NAME)) {
      complain(NAME, "A name has at most " + TextRule.MAX_NAME + " characters.");
    } else if (name.isEmpty() && kind != KeyKind.MP) {
      complain(NAME, "Give the key a name.");
    }
    return name.isEmpty() ? null : name;
  }

  private @Nullable String description() {
    String text = form.text(DESCRIPTION);
    if (!TextRule.storable(text) || !TextRule.fits(text, TextRule.MAX_DESCRIPTION)) {
      complain(
          DESCRIPTION, "A description has at most " + TextRule.MAX_DESCRIPTION + " characters.");
    }
    return text.isEmpty() ? null : text;
  }

  private @Nullable Instant expiresAt() {
    return switch (form.text(EXPIRY)) {
      case "30", "90", "365" -> now.plus(Duration.ofDays(Integer.parseInt(form.text(EXPIRY))));
      case "custom" -> endOfDay();
      case "keep" -> before == null ? null : before.expiresAt();
      default -> null;
    };
  }

  /** The chosen day counts as a whole, in UTC. */
  private @Nullable Instant endOfDay() {
    try {
      LocalDate day = LocalDate.parse(form.text(EXPIRES_ON));
      Instant end = day.plusDays(1).atStartOfDay().toInstant(ZoneOffset.UTC);
      if (end.isAfter(now) && day.getYear() <= 9998) {
        return end;
      }
    } catch (DateTimeParseException none) {
      // told below
    }
    complain(EXPIRES_ON, "Choose a day that is not over.");
    return null;
  }

  private static LocalDate lastDay(Instant end) {
    return LocalDate.ofInstant(end.minusNanos(1), ZoneOffset.UTC);
  }

  private @Nullable List<String> ranges() {
    String text = form.text(ALLOWED_IPS);
    if (text.isEmpty()) {
      return null;
    }
    List<String> ranges = List.of(text.split("[\\s,]+", -1));
    if (ranges.size() > MAX_RANGES || !ranges.stream().allMatch(IpRanges::isRange)) {
      complain(ALLOWED_IPS, "Write addresses or ranges such as 192.0.2.0/24, at most 100.");
    }
    return ranges;
  }

  private @Nullable RateLimit rate() {
    String limit = form.text(RATE_LIMIT);
    String window = form.text(RATE_WINDOW);
    if (limit.isEmpty() && window.isEmpty()) {
      return null;
    }
    if (!isCount(limit) || !isCount(window)) {
      complain(RATE_LIMIT, "Write two whole numbers from 1 to 999999999, or none.");
      return null;
    }
    return new RateLimit(Integer.parseInt(limit), Integer.parseInt(window));
  }

  private static boolean isCount(String text) {
    return text.matches("[1-9][0-9]{0,8}");
  }

  /** Returns where the events of a key go; null for nowhere. */
  @Nullable String webhookUrl(KeyKind kind, Predicate<String> accepted) {
    String url = form.text(WEBHOOK_URL);
    if (kind != KeyKind.MGP || url.isEmpty()) {
      return null;
    }
    if (url.length() > TextRule.MAX_URL || !accepted.test(url)) {
      complain(WEBHOOK_URL, URL_NOT_ACCEPTED);
    }
    return url;
  }
}
