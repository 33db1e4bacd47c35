// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import dev.maglatch.proxy.Protocols.TlsFiles;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.PemKeyCertOptions;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The certificate that TLS handshakes show, read from files again and again.
 *
 * <p>Every handshake asks for the one that was read last, so a new one counts for new connections
 * and disturbs no old one. Files that do not fit together are reported once and leave the last good
 * ones in place. What counts is what the files hold, not when they were written: so a link that is
 * set to another folder is seen like a file that is written anew.
 *
 * <p>Handshakes may ask on any thread. {@link #reload} reads files: not on an event loop, and not
 * on two threads at a time.
 */
public final class ServerCertificate extends X509ExtendedKeyManager {
  private static final Logger LOG = LoggerFactory.getLogger(ServerCertificate.class);
  private static final byte[] PROBE = {'m', 'a', 'g', 'l', 'a', 't', 'c', 'h'};

  private final Vertx vertx;
  private final TlsFiles files;
  private volatile Loaded loaded;
  private volatile Loaded before; // of handshakes that began just before a change
  private @Nullable Content refused;
  private boolean unreadable;
  private int generation;

  private ServerCertificate(Vertx vertx, TlsFiles files, Loaded loaded) {
    this.vertx = vertx;
    this.files = files;
    this.loaded = loaded;
    this.before = loaded;
  }

  /** What the files held at one time. */
  private record Content(Buffer certificate, Buffer key) {}

  /** A handshake asks for chain and key one after the other, by the alias that it was given. */
  private record Loaded(
      String alias, Content content, List<X509Certificate> chain, PrivateKey key) {}

  /**
   * Reads the files for the first time.
   *
   * @throws IOException if one cannot be read
   * @throws GeneralSecurityException if they hold no certificate with its key
   */
  public static ServerCertificate load(Vertx vertx, TlsFiles files)
      throws IOException, GeneralSecurityException {
    Content content = read(files);
    return new ServerCertificate(vertx, files, parse(vertx, content, 0));
  }

  /** Takes the files over if they hold something new that is good; never fails. */
  public void reload() {
    try {
      Content content = read(files);
      unreadable = false;
      if (!content.equals(loaded.content)) {
        take(content);
      }
    } catch (IOException failure) {
      if (!unreadable) {
        report(failure);
      }
      unreadable = true;
    }
  }

  /** While one file is new and the other is old, what was read is looked at again later. */
  private void take(Content content) throws IOException {
    try {
      Loaded fresh = parse(vertx, content, ++generation);
      before = loaded;
      loaded = fresh;
      refused = null;
      LOG.info("certificate loaded expires={}", expiry());
    } catch (GeneralSecurityException bad) {
      if (!content.equals(refused) && content.equals(read(files))) {
        refused = content;
        report(bad);
      }
    }
  }

  private void report(Exception bad) {
    LOG.error(
        "certificate not loaded, the last one stays file={} expires={} reason=\"{}\"",
        files.certificate(),
        expiry(),
        bad.toString());
  }

  /** Returns when the certificate that is shown now ends to be valid. */
  public Instant expiry() {
    return loaded.chain.get(0).getNotAfter().toInstant();
  }

  private static Content read(TlsFiles files) throws IOException {
    return new Content(
        Buffer.buffer(Files.readAllBytes(files.certificate())),
        Buffer.buffer(Files.readAllBytes(files.key())));
  }

  private static Loaded parse(Vertx vertx, Content content, int generation)
      throws GeneralSecurityException {
    X509ExtendedKeyManager parsed = keyManager(vertx, content);
    String alias = onlyAlias(parsed);
    X509Certificate[] chain = parsed.getCertificateChain(alias);
    PrivateKey key = parsed.getPrivateKey(alias);
    if (chain == null || chain.length == 0 || key == null) {
      throw new GeneralSecurityException("no certificate with a key");
    }
    requireMatch(chain[0], key);
    return new Loaded("listener-" + generation, content, List.of(chain), key);
  }

  private static X509ExtendedKeyManager keyManager(Vertx vertx, Content content)
      throws GeneralSecurityException {
    PemKeyCertOptions pem =
        new PemKeyCertOptions().addCertValue(content.certificate).addKeyValue(content.key);
    try {
      for (KeyManager manager : pem.getKeyManagerFactory(vertx).getKeyManagers()) {
        if (manager instanceof X509ExtendedKeyManager x509) {
          return x509;
        }
      }
    } catch (Exception unreadable) { // Vert.x throws whatever its parsers do
      throw new GeneralSecurityException("no PEM: " + unreadable.getMessage(), unreadable);
    }
    throw new GeneralSecurityException("no key in PEM");
  }

  private static String onlyAlias(X509ExtendedKeyManager manager) throws GeneralSecurityException {
    for (String type : new String[] {"RSA", "EC", "EdDSA", "Ed25519", "Ed448", "RSASSA-PSS"}) {
      String[] aliases = manager.getServerAliases(type, null);
      if (aliases != null && aliases.length > 0) {
        return aliases[0];
      }
    }
    throw new GeneralSecurityException("a kind of key that TLS has no use for");
  }

  /** A key of another certificate would only show in every handshake that fails. */
  private static void requireMatch(X509Certificate certificate, PrivateKey key)
      throws GeneralSecurityException {
    Signature signature = Signature.getInstance(algorithm(key));
    signature.initSign(key);
    signature.update(PROBE);
    byte[] signed = signature.sign();
    signature.initVerify(certificate.getPublicKey());
    signature.update(PROBE);
    if (!signature.verify(signed)) {
      throw new GeneralSecurityException("the key is not the certificate's");
    }
  }

  private static String algorithm(PrivateKey key) {
    return switch (key.getAlgorithm()) {
      case "RSA", "RSASSA-PSS" -> "SHA256withRSA";
      case "EC" -> "SHA256withECDSA";
      default -> key.getAlgorithm();
    };
  }

  // What a handshake asks for.

  @Override
  public @Nullable String chooseEngineServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
    Loaded now = loaded;
    String own = now.key.getAlgorithm();
    boolean fits = own.equals(keyType) || (own.startsWith("Ed") && keyType.startsWith("Ed"));
    return fits ? now.alias : null;
  }

  @Override
  public @Nullable String chooseServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return chooseEngineServerAlias(keyType, issuers, null);
  }

  @Override
  public String[] getServerAliases(String keyType, Principal @Nullable [] issuers) {
    return new String[] {loaded.alias};
  }

  @Override
  public X509Certificate[] getCertificateChain(String alias) {
    return of(alias).chain.toArray(X509Certificate[]::new);
  }

  @Override
  public PrivateKey getPrivateKey(String alias) {
    return of(alias).key;
  }

  private Loaded of(String alias) {
    Loaded now = loaded;
    return now.alias.equals(alias) ? now : before;
  }

  @Override
  public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
    return null; // a server only
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return null;
  }
}
