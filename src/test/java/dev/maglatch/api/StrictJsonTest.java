// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StrictJsonTest {
  @Test
  void everyKindOfValueIsRead() {
    assertThat(read("{\"a\":[1,2.5,true,false,null,\"x\"],\"b\":{\"c\":-9223372036854775809}}"))
        .isEqualTo(
            new JsonObject()
                .put("a", new JsonArray().add(1).add(2.5).add(true).add(false).addNull().add("x"))
                .put(
                    "b",
                    new JsonObject().put("c", new java.math.BigInteger("-9223372036854775809"))));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "null",
        "1",
        "\"x\"",
        "[]",
        "[{}]",
        "{",
        "{}{}",
        "{} x",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":1 /* x */}",
        "{\"a\":NaN}",
        "{\"a\":01}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":{\"b\":1,\"b\":1}}",
        "{\"a\":\"\u0001\"}",
        "{\"a\":\"\\x\"}",
        "\uFEFF{}"
      })
  void whatIsNotOneObjectIsRefused(String text) {
    assertThat(read(text)).isNull();
  }

  @Test
  void depthIsBounded() {
    assertThat(read("{\"a\":" + "[".repeat(15) + "]".repeat(15) + "}")).isNotNull();
    assertThat(read("{\"a\":" + "[".repeat(16) + "]".repeat(16) + "}")).isNull();
    assertThat(read("{\"a\":".repeat(10_000))).isNull();
  }

  @Test
  void bytesThatAreNotUtf8AreRefused() {
    assertThat(read("{\"a\":\"", 0xff, "\"}")).isNull();
    assertThat(read("{\"a\":\"", 0xc0, "\"}")).isNull();
    assertThat(
            StrictJson.object(
                Buffer.buffer("{}".getBytes(java.nio.charset.StandardCharsets.UTF_16))))
        .isNull();
  }

  /** Who sends an amount to the last digit finds all of them where it goes. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.12345678901234567890123",
        "-12345678901234567890.5",
        "0.10",
        "1E+400",
        "1E-400",
        "12345678901234567890123"
      })
  void everyDigitOfANumberIsKept(String number) {
    JsonObject read = read("{\"n\":" + number + "}");

    assertThat(read).isNotNull();
    assertThat(read.encode()).isEqualTo("{\"n\":" + number + "}");
  }

  @Test
  void hugeNumberIsNoFailure() {
    assertThat(read("{\"a\":1e999999999}")).isNotNull();
    assertThat(read("{\"a\":1e9999999999}")).isNull();
    assertThat(read("{\"a\":" + "9".repeat(10_000) + "}")).isNull();
  }

  private static @Nullable JsonObject read(String text) {
    return StrictJson.object(Buffer.buffer(text));
  }

  private static @Nullable JsonObject read(String before, int octet, String after) {
    return StrictJson.object(
        Buffer.buffer(before).appendUnsignedByte((short) octet).appendString(after));
  }
}
