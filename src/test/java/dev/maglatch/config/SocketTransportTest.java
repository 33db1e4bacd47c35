// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.settings.Settings;
import io.netty.util.Version;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SocketTransportTest {
  private static final String LIBRARY = "netty-transport-native-epoll";

  @Test
  void plainSocketsNeedNothing() {
    assertThat(SocketTransport.NIO.obstacle()).isNull();
  }

  @Test
  void libraryThatIsAbsentOrOfAnotherVersionIsRefused() {
    Map<String, Version> present = new HashMap<>(Version.identify());
    present.remove(LIBRARY);
    assertThat(SocketTransport.mismatch(LIBRARY, present))
        .isEqualTo(LIBRARY + " is not on the class path");

    Map<String, Version> same = Map.of("netty-common", version("netty-common"));
    assertThat(SocketTransport.mismatch("netty-common", same)).isNull();

    Map<String, Version> other = Map.of(LIBRARY, version("netty-common"));
    assertThat(SocketTransport.mismatch(LIBRARY, other)).contains("Netty's classes are ?");
  }

  @Test
  void settingThatCannotBeMetIsReportedWithWhatIsMissing() {
    Map<String, Version> present = Version.identify();
    Settings settings = Settings.load(null, Map.of("MAGLATCH_TRANSPORT", "io-uring"), Map.of());

    EventLoops.read(settings.root(), Duration.ZERO);

    boolean usable = present.containsKey("netty-transport-native-io_uring");
    assertThat(settings.problems().isEmpty()).isEqualTo(usable);
    if (!usable) {
      assertThat(settings.problems().toString()).contains("netty-transport-native-io_uring");
    }
  }

  private static Version version(String artifact) {
    Version version = Version.identify().get(artifact);
    assertThat(version).isNotNull();
    return version;
  }
}
