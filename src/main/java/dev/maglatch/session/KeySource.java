// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import com.nimbusds.jose.JWSVerifier;
import io.vertx.core.Future;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where the keys of one outside issuer come from. */
interface KeySource {
  /** Returns the keys that {@code kid} may name, or null if they must be asked for. */
  @Nullable List<JWSVerifier> known(@Nullable String kid);

  /**
   * Returns the keys that {@code kid} may name, asking for them if it must; none if the issuer has
   * no such key. Fails with a {@link dev.maglatch.fault.Fault} when that cannot be known.
   */
  Future<List<JWSVerifier>> find(@Nullable String kid);

  /** The one key that stands in the settings. */
  static KeySource fixed(JWSVerifier key) {
    List<JWSVerifier> keys = List.of(key);
    return new KeySource() {
      @Override
      public List<JWSVerifier> known(@Nullable String kid) {
        return keys;
      }

      @Override
      public Future<List<JWSVerifier>> find(@Nullable String kid) {
        return Future.succeededFuture(keys);
      }
    };
  }
}
