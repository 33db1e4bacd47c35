// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.simulation;

/** Ways to break the protocol; the simulation must notice each of them. */
enum Mutation {
  /** Rule 3: the deadline counts from the answer to the renewal instead of from before sending. */
  LEASE_FROM_ANSWER,
  /** Rule 3: a timer ends the lease, instead of a comparison on every hit. */
  LEASE_ENDED_BY_TIMER,
  /** Rule 3: a renewal extends the lease and reads the changes in one snapshot. */
  RENEWAL_IN_ONE_SNAPSHOT,
  /** Rule 3: what is missing in the feed is not noticed. */
  GAP_IGNORED,
  /** Rule 3: pruning happens between two statements of one renewal. */
  PRUNED_BETWEEN_STATEMENTS,
  /** Rule 2: numbers are drawn when a transaction writes, not when it commits. */
  NUMBERS_DRAWN_EARLY,
  /** Rule 4: a replica acknowledges, then evicts. */
  ACKNOWLEDGE_BEFORE_EVICTING,
  /** Rule 4: the revoker answers when it has committed. */
  REVOKER_DOES_NOT_WAIT,
  /** Rule 4: the revoker gives up before the leases have ended. */
  REVOKER_WAITS_TOO_SHORT,
  /** Rule 4: the revoker does not wait for renewals that are being written. */
  HOLDERS_WITHOUT_LOCK,
  /** Rule 4: ... or only for those of leases that run. */
  HOLDERS_LOCK_RUNNING_LEASES_ONLY,
  /** Rule 4: a change that a flush stands for is confirmed at once. */
  FLUSH_NOT_COUNTED,
  /** Rule 5: a change makes stale what is stored, and overlooks loads in flight. */
  LOADS_IN_FLIGHT_OVERLOOKED,
  /** Rule 5: requests that come after a change share a query that was sent before it. */
  OLD_QUERY_SHARED,
  /** Rule 6: the lease is given back while the servers are open. */
  LEAVES_BEFORE_CLOSING,
  /** Rule 6: a replica that gets a new row keeps what it has cached. */
  NEW_ROW_WITHOUT_FLUSH,
  /** Rule 7: a number of another history is believed. */
  OTHER_HISTORY_BELIEVED,
  /** Rule 7: leases of an earlier history are forgotten. */
  YOUNG_HISTORY_TRUSTED,
  /** Rule 7: a lease that had ended is renewed asynchronously, and lost in a crash. */
  CRASH_FORGETS_A_HOLDER,
  /** Rule 7: an answer that this process has slept through counts as the database's silence. */
  LOST_AFTER_A_PAUSE,
  /** Rule 7: keys are looked up on a standby that lags. */
  READS_FROM_A_STANDBY
}
