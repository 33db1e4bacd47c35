// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.Signature;
import java.util.Base64;

/** Certificates for {@code localhost}, each made anew, in the PEM files that a listener reads. */
public final class Certificates {
  private static final int SEQUENCE = 0x30;
  private static final int SET = 0x31;
  private static final int OID = 0x06;
  private static final int TEXT = 0x0C;
  private static final int UTC_TIME = 0x17;
  private static final SecureRandom RANDOM = new SecureRandom();

  private Certificates() {}

  /** Writes a new certificate and its key to {@code folder}, over those that were there. */
  public static Protocols.TlsFiles write(Path folder) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(256);
      KeyPair pair = generator.generateKeyPair();
      Protocols.TlsFiles files = in(folder);
      Files.writeString(files.certificate(), pem("CERTIFICATE", certificate(pair)));
      Files.writeString(
          files.key(), pem("PRIVATE KEY", Buffer.buffer(pair.getPrivate().getEncoded())));
      return files;
    } catch (IOException | GeneralSecurityException failure) {
      throw new AssertionError(failure);
    }
  }

  static Protocols.TlsFiles in(Path folder) {
    return new Protocols.TlsFiles(folder.resolve("tls.crt"), folder.resolve("tls.key"));
  }

  private static String pem(String kind, Buffer der) {
    String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der.getBytes());
    return "-----BEGIN " + kind + "-----\n" + text + "\n-----END " + kind + "-----\n";
  }

  /** Self-signed, X.509 version 1, which has room for no more than a name. */
  private static Buffer certificate(KeyPair pair) throws GeneralSecurityException {
    Buffer algorithm = der(SEQUENCE, der(OID, bytes(0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2)));
    Buffer commonName =
        der(SEQUENCE, der(OID, bytes(0x55, 4, 3)), der(TEXT, Buffer.buffer("localhost")));
    Buffer name = der(SEQUENCE, der(SET, commonName));
    Buffer serial = Buffer.buffer(new BigInteger(63, RANDOM).toByteArray());
    Buffer content =
        der(
            SEQUENCE,
            der(2, serial),
            algorithm,
            name,
            der(SEQUENCE, time("200101000000Z"), time("491231235959Z")),
            name,
            Buffer.buffer(pair.getPublic().getEncoded()));
    Signature signature = Signature.getInstance("SHA256withECDSA");
    signature.initSign(pair.getPrivate());
    signature.update(content.getBytes());
    return der(SEQUENCE, content, algorithm, der(3, bytes(0).appendBytes(signature.sign())));
  }

  private static Buffer time(String text) {
    return der(UTC_TIME, Buffer.buffer(text.getBytes(US_ASCII)));
  }

  private static Buffer bytes(int... values) {
    Buffer bytes = Buffer.buffer();
    for (int value : values) {
      bytes.appendByte((byte) value);
    }
    return bytes;
  }

  private static Buffer der(int tag, Buffer... parts) {
    Buffer content = Buffer.buffer();
    for (Buffer part : parts) {
      content.appendBuffer(part);
    }
    Buffer whole = bytes(tag);
    int length = content.length();
    if (length > 0xFF) {
      whole.appendByte((byte) 0x82).appendUnsignedShort(length);
    } else if (length > 0x7F) {
      whole.appendByte((byte) 0x81).appendByte((byte) length);
    } else {
      whole.appendByte((byte) length);
    }
    return whole.appendBuffer(content);
  }
}
