/** How much one replica may hold, queue and keep. */

export interface ReplicaLimits {
  /** Slots a leader may have open at once. */
  readonly slotsInFlightMax: number;
  readonly entryBytesMax: number;
  readonly queuedFramesMax: number;
  readonly queuedBytesMax: number;
  readonly readsWaitingMax: number;
  /** Sessions live for half an hour in the memory of every member: beyond this many no new one is opened. */
  readonly sessionsMax: number;
  /** A table of this size is written as a checkpoint. */
  readonly checkpointBytes: number;
  readonly checkpointIntervalMs: number;
  /** Applying waits for checkpoints beyond this much that is not checkpointed. */
  readonly tableBytesMax: number;
  /** Beyond this the log is trimmed although a member still needs it. */
  readonly logBytesMax: number;
  /** Entry bytes of unapplied records held in memory. */
  readonly logMemoryBytesMax: number;
  /** Room for records in one message between nodes. */
  readonly messageBytesMax: number;
  /** Versions older than this are given up, except each key's newest. */
  readonly historyMs: number;
  /** Beyond this many bytes of versions the oldest are given up earlier. */
  readonly historyBytesMax: number;
}

const mebibyte = 2 ** 20;

/** `payloadBytesMax` is the largest message the NATS server takes. */
export function defaultLimits(payloadBytesMax: number): ReplicaLimits {
  // Envelope, ballots and slots around the entry, and the client's reply subject in a forwarded frame.
  const messageBytesMax = payloadBytesMax - 4096;
  return {
    slotsInFlightMax: 4,
    entryBytesMax: messageBytesMax,
    queuedFramesMax: 20_000,
    queuedBytesMax: 64 * mebibyte,
    readsWaitingMax: 20_000,
    sessionsMax: 200_000,
    checkpointBytes: 24 * mebibyte,
    checkpointIntervalMs: 60_000,
    tableBytesMax: 96 * mebibyte,
    logBytesMax: 8192 * mebibyte,
    logMemoryBytesMax: 64 * mebibyte,
    messageBytesMax,
    historyMs: 10 * 60_000,
    historyBytesMax: 1024 * mebibyte,
  };
}
