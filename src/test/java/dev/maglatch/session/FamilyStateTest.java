// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.maglatch.session.FamilyState.Judgement;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class FamilyStateTest {
  private static final Instant NOW = Instant.parse("2026-02-18T10:00:00Z");

  @Test
  void onlyTheNewestTokenRotates() {
    assertThat(state(3, false).judge(3)).isEqualTo(Judgement.ROTATE);
    assertThat(state(3, false).judge(4)).isEqualTo(Judgement.UNKNOWN);
    assertThat(state(3, false).judge(-1)).isEqualTo(Judgement.UNKNOWN);
  }

  @Test
  void tokenSpentTenSecondsAgoStillRepeats() {
    FamilyState state = state(3, false, 2, 10, 11);

    assertThat(state.judge(2)).isEqualTo(Judgement.REPEAT);
    assertThat(state.judge(1)).isEqualTo(Judgement.REPEAT);
    assertThat(state.judge(0)).isEqualTo(Judgement.REUSED);
  }

  @Test
  void tokenWhoseSpendingIsForgottenWasSpentLongAgo() {
    assertThat(state(3, false).judge(2)).isEqualTo(Judgement.REUSED);
  }

  @Test
  void familyThatIsOverGivesNothing() {
    assertThat(state(3, true, 1).judge(3)).isEqualTo(Judgement.UNKNOWN);
    assertThat(state(3, true, 1).judge(2)).isEqualTo(Judgement.REUSED);
  }

  private static FamilyState state(int generation, boolean over, int... secondsAgo) {
    List<Instant> rotations = Arrays.stream(secondsAgo).mapToObj(NOW::minusSeconds).toList();
    return new FamilyState(generation, rotations, over, NOW);
  }
}
