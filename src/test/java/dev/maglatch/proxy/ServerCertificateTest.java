// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.maglatch.proxy.Protocols.TlsFiles;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Instant;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which certificate handshakes see while its files change. */
class ServerCertificateTest {
  @TempDir private Path folder;
  private final Vertx vertx = Vertx.vertx();

  @AfterEach
  void stop() {
    RunningProxy.await(vertx.close());
  }

  private ServerCertificate load(TlsFiles files) throws IOException, GeneralSecurityException {
    return ServerCertificate.load(vertx, files);
  }

  private static BigInteger shown(ServerCertificate certificate) {
    String alias = certificate.chooseEngineServerAlias("EC", null, null);
    assertThat(alias).isNotNull();
    X509Certificate[] chain = certificate.getCertificateChain(alias);
    return chain[0].getSerialNumber();
  }

  @Test
  void newFilesAreShownFromTheNextLookOn() throws Exception {
    ServerCertificate certificate = load(Certificates.write(folder));
    BigInteger first = shown(certificate);
    certificate.reload();
    assertThat(shown(certificate)).isEqualTo(first);

    Certificates.write(folder);
    assertThat(shown(certificate)).isEqualTo(first);
    certificate.reload();

    assertThat(shown(certificate)).isNotEqualTo(first);
    assertThat(certificate.expiry()).isAfter(Instant.now());
  }

  /** As Kubernetes does it: the folder is a link that is set to another one. */
  @Test
  void linkThatIsSetToAnotherFolderIsFollowed() throws Exception {
    Path one = Files.createDirectory(folder.resolve("one"));
    Path two = Files.createDirectory(folder.resolve("two"));
    Certificates.write(one);
    Certificates.write(two);
    Path link = Files.createSymbolicLink(folder.resolve("data"), one);
    ServerCertificate certificate = load(Certificates.in(link));
    BigInteger first = shown(certificate);

    Path next = Files.createSymbolicLink(folder.resolve("next"), two);
    Files.move(next, link, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    certificate.reload();

    assertThat(shown(certificate)).isNotEqualTo(first);
  }

  @Test
  void badFilesLeaveTheLastGoodOnesInPlaceUntilTheyAreMended() throws Exception {
    TlsFiles files = Certificates.write(folder);
    ServerCertificate certificate = load(files);
    BigInteger first = shown(certificate);
    byte[] otherKey =
        Files.readAllBytes(Certificates.write(Files.createTempDirectory(folder, "x")).key());
    byte[] key = Files.readAllBytes(files.key());

    Files.write(files.key(), otherKey); // of another certificate
    certificate.reload();
    assertThat(shown(certificate)).isEqualTo(first);
    Files.writeString(files.certificate(), "no PEM");
    certificate.reload();
    assertThat(shown(certificate)).isEqualTo(first);
    Files.delete(files.key());
    certificate.reload();
    assertThat(shown(certificate)).isEqualTo(first);

    Certificates.write(folder);
    certificate.reload();
    assertThat(shown(certificate)).isNotEqualTo(first);
    assertThat(key).isNotEqualTo(otherKey);
  }

  @Test
  void filesThatAreBadFromTheBeginningFailTheStart() throws Exception {
    TlsFiles files = Certificates.write(folder);
    TlsFiles others = Certificates.write(Files.createTempDirectory(folder, "x"));
    assertThatThrownBy(() -> load(new TlsFiles(files.certificate(), others.key())))
        .isInstanceOf(GeneralSecurityException.class)
        .hasMessageContaining("not the certificate's");
    assertThatThrownBy(() -> load(new TlsFiles(files.key(), files.key())))
        .isInstanceOf(GeneralSecurityException.class);
    assertThatThrownBy(() -> load(Certificates.in(folder.resolve("nowhere"))))
        .isInstanceOf(IOException.class);
  }

  /** The handshake itself: versions, and the certificate of the moment. */
  @Test
  void handshakesNeedTls12AndSeeTheCertificate() throws Exception {
    TlsFiles files = Certificates.write(folder);
    ListenerConfig tls =
        Listeners.speaking(ListenerConfig.DEFAULT, new Protocols(files, true, false));
    try (UpstreamServer upstream = new UpstreamServer();
        RunningProxy proxy = RunningProxy.listening(tls, RunningProxy.open(upstream))) {
      assertThat(handshake(proxy.port(), "TLSv1.2")).isEqualTo("TLSv1.2");
      assertThat(handshake(proxy.port(), "TLSv1.3")).isEqualTo("TLSv1.3");
      assertThatThrownBy(() -> handshake(proxy.port(), "TLSv1.1"))
          .isInstanceOf(SSLHandshakeException.class);
    }
  }

  private static String handshake(int port, String version) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new Anybody()}, new SecureRandom());
    try (SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("localhost", port)) {
      socket.setSoTimeout(Wire.TIMEOUT_MILLIS);
      socket.setEnabledProtocols(new String[] {version});
      socket.startHandshake();
      Wire wire = new Wire(socket);
      wire.send("GET / HTTP/1.1", "Host: h");
      assertThat(wire.readText(wire.head())).isEqualTo("read 0");
      return socket.getSession().getProtocol();
    }
  }

  private static final class Anybody implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
