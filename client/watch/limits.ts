/** How much a watch may hold, and how long it waits for what. */

export interface WatchLimits {
  /** Changes, and bytes of keys and values, that wait for the consumer: beyond it a watch goes on from history later. */
  readonly bufferedChangesMax: number;
  readonly bufferedBytesMax: number;
  /** What may be kept of the feed while history is read, for each store group; the rest is read from history as well. */
  readonly heldChangesMax: number;
  readonly heldBytesMax: number;
  /** A feed without a word for so long is silent: progress comes every second. */
  readonly silenceMs: number;
  /** Interest is renewed when the leader would publish for less than a time drawn between these two. */
  readonly renewBelowMsMin: number;
  readonly renewBelowMsMax: number;
  /** Between two questions for a feed that nobody answers. */
  readonly askAgainMsMin: number;
  readonly askAgainMsMax: number;
  /** For each page of history. */
  readonly readTimeoutMs: number;
  /** Between two attempts to read history. */
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
  /** A revision to begin behind may be so much ahead of the group's time: clocks of nodes differ. */
  readonly futureMsMax: number;
  readonly tickMs: number;
}

export const defaultWatchLimits: WatchLimits = {
  bufferedChangesMax: 32_768,
  bufferedBytesMax: 16 * 1024 * 1024,
  heldChangesMax: 4_096,
  heldBytesMax: 4 * 1024 * 1024,
  silenceMs: 2_500,
  renewBelowMsMin: 10_000,
  renewBelowMsMax: 20_000,
  askAgainMsMin: 500,
  askAgainMsMax: 5_000,
  readTimeoutMs: 5_000,
  backoffMsMin: 50,
  backoffMsMax: 2_000,
  futureMsMax: 10_000,
  tickMs: 100,
};
