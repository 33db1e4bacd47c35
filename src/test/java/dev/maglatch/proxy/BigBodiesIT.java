// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Bodies eight times as big as the gateway's heap pass whole: nothing is ever gathered, whoever is
 * the slower side.
 */
class BigBodiesIT {
  private static final long GIBIBYTE = 1L << 30;
  private static final int BLOCK = 1 << 18;
  private static final long MAX_GROWTH_KIB = 48 * 1024;
  private static final byte[] DATA = new byte[2 * BLOCK];

  private static final UpstreamServer upstream = new UpstreamServer(BigBodiesIT::serve);
  private static Process process;
  private static int port;

  @BeforeAll
  static void start() throws IOException {
    new Random(7).nextBytes(DATA);
    process = new ProcessBuilder(command()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    BufferedReader out = process.inputReader(US_ASCII);
    port = Integer.parseInt(out.readLine());
  }

  private static List<String> command() {
    return new ArrayList<>(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx128m",
            "-XX:MaxDirectMemorySize=64m",
            "-Dio.netty.maxDirectMemory=0", // so that the flag above bounds Netty too
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            "-cp",
            System.getProperty("java.class.path"),
            SmallProxy.class.getName(),
            Integer.toString(upstream.port())));
  }

  @AfterAll
  static void stop() throws Exception {
    process.getOutputStream().close();
    process.waitFor();
    upstream.close();
  }

  @Test
  void uploadsAndDownloadsPassWholeInLittleMemory() throws IOException {
    exchange("/warm-up", GIBIBYTE / 8, GIBIBYTE / 8, 0);
    long before = peakMemoryKib();
    exchange("/sized", GIBIBYTE, 0, 0);
    exchange("/sized", 0, GIBIBYTE, 0);
    exchange("/chunked", GIBIBYTE, 0, 0);
    exchange("/chunked", 0, GIBIBYTE, 0);
    exchange("/sized", 0, GIBIBYTE, 200);
    exchange("/chunked-slow", GIBIBYTE, 0, 0);
    assertThat(process.isAlive()).isTrue();
    assumeThat(before).isPositive();
    assertThat(peakMemoryKib() - before).as("growth in KiB").isLessThan(MAX_GROWTH_KIB);
  }

  /** Sends {@code up} bytes and reads {@code down}, resting {@code pauses} times. */
  private static void exchange(String path, long up, long down, int pauses) throws IOException {
    boolean chunked = path.startsWith("/chunked");
    try (Wire client = Wire.to(port)) {
      client.send(
          "POST " + path + "?down=" + down + " HTTP/1.1",
          "Host: h",
          chunked ? "Transfer-Encoding: chunked" : "Content-Length: " + up);
      write(client.out(), up, chunked);
      Message answer = client.head();
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.field("x-received")).isEqualTo(checksum(up));
      assertThat(read(client, answer, pauses)).isEqualTo(checksum(down));
    }
  }

  private static void serve(Wire wire, Message request) throws IOException {
    String received = read(wire, request, request.target().contains("slow") ? 200 : 0);
    long down = Long.parseLong(request.target().split("=", -1)[1]);
    boolean chunked = request.target().startsWith("/chunked");
    wire.send(
        "HTTP/1.1 200 OK",
        "X-Received: " + received,
        chunked ? "Transfer-Encoding: chunked" : "Content-Length: " + down);
    write(wire.out(), down, chunked);
  }

  private static void write(OutputStream out, long total, boolean chunked) throws IOException {
    for (long sent = 0; sent < total; sent += BLOCK) {
      if (chunked) {
        out.write((Integer.toHexString(BLOCK) + "\r\n").getBytes(US_ASCII));
      }
      out.write(DATA, offset(sent), BLOCK);
      if (chunked) {
        out.write("\r\n".getBytes(US_ASCII));
      }
    }
    if (chunked) {
      out.write("0\r\n\r\n".getBytes(US_ASCII));
    }
  }

  private static String read(Wire wire, Message head, int pauses) throws IOException {
    CRC32C sum = new CRC32C();
    if (head.chunked()) {
      int read = 0;
      for (byte[] chunk = wire.readChunk(); chunk.length > 0; chunk = wire.readChunk()) {
        sum.update(chunk);
        rest(++read, pauses);
      }
    } else {
      readSized(wire.in(), head.length(), sum, pauses);
    }
    return Long.toHexString(sum.getValue());
  }

  private static void readSized(InputStream in, long total, CRC32C sum, int pauses)
      throws IOException {
    byte[] block = new byte[BLOCK];
    int reads = 0;
    for (long left = total; left > 0; ) {
      int count = in.readNBytes(block, 0, (int) Math.min(left, BLOCK));
      assertThat(count).isPositive();
      sum.update(block, 0, count);
      left -= count;
      rest(++reads, pauses);
    }
  }

  /** Lets the other side run ahead, if it could. */
  private static void rest(int reads, int pauses) {
    if (reads <= pauses) {
      LockSupport.parkNanos(5_000_000);
    }
  }

  private static String checksum(long total) {
    CRC32C sum = new CRC32C();
    for (long sent = 0; sent < total; sent += BLOCK) {
      sum.update(DATA, offset(sent), BLOCK);
    }
    return Long.toHexString(sum.getValue());
  }

  /** Every block begins elsewhere, so that a lost or doubled one is seen. */
  private static int offset(long sent) {
    return (int) (sent / BLOCK * 31 % BLOCK);
  }

  /** Returns the most memory the process ever had, or 0 where that is not to be known. */
  private static long peakMemoryKib() throws IOException {
    Path status = Path.of("/proc", Long.toString(process.pid()), "status");
    if (!Files.exists(status)) {
      return 0;
    }
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith("VmHWM:")) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    return 0;
  }
}
