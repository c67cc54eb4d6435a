/**
 * What a node's replicas must remember, as a port: identity, births, promises, accepted entries and how far the
 * log is known chosen. Whatever is said to anyone else waits until the store has answered.
 */
import type { Ballot, Slot } from "../../machines/ballot.ts";
import type { Start, StartHistory } from "../../machines/node/start.ts";
import type { LogAppend, LogRecord } from "../../machines/record.ts";

/** What a group's part of the log says when it is opened. */
export interface LoadedGroup {
  readonly promise: Ballot;
  readonly chosenThrough: Slot;
  readonly trimmedThrough: Slot;
  /** Records above `chosenThrough`, ascending: accepted, and not known to be chosen. */
  readonly unchosen: readonly LogRecord[];
}

export interface StoredBirth {
  /** The group's birth, encoded; it never changes once stored. */
  readonly birth: Uint8Array;
  /** All members are known to hold this birth durably. */
  readonly complete: boolean;
}

/** Which store this is. A directory that holds another identity, or none where one is expected, is another store. */
export interface StoreIdentity extends StartHistory {
  readonly cluster: string;
  readonly node: string;
}

/**
 * Called once: without a failure after the change is on disk, or with the failure that stopped the store. `moreFollow`: the
 * group's next change is on disk as well, and its caller is told right behind.
 */
export type Durable = (failure: Error | undefined, moreFollow?: boolean) => void;

/** How long appends waited for the disk lately. */
export interface FlushStatistics {
  readonly appends: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface LogStore {
  readonly identity: StoreIdentity;
  /** Names of the groups whose birth is stored. */
  groups(): readonly string[];
  /** The group's birth, whatever has become of its records. */
  birth(group: string): StoredBirth | undefined;
  /** Throws `CORRUPT_STORE` when something the group rests on fails its checksum. */
  load(group: string): LoadedGroup;
  recordBirth(group: string, birth: StoredBirth, done: Durable): void;
  /**
   * Changes become durable in the order of the calls, each as a whole; those that wait for the disk together
   * share one commit. After a failure every later call fails too: a later flush might succeed with pages lost.
   * `isBusy`: whoever appends has other things to do meanwhile, and is not held up however long the disk takes.
   */
  append(group: string, change: LogAppend, done: Durable, isBusy?: boolean): void;
  /**
   * An epoch's records `from..through`, ascending, ending early once `bytesMax` is passed (the first is always returned).
   * Slots that are not stored are left out. Throws `CORRUPT_STORE` when a record fails its checksum.
   */
  read(
    group: string,
    epoch: number,
    from: Slot,
    through: Slot,
    bytesMax: number,
  ): readonly LogRecord[];
  /** Bytes the group's records take up, approximately. */
  bytes(group: string): number;
  /** Of every store the start that was recorded last. */
  peers(): readonly Start[];
  statistics(): FlushStatistics;
  /** A start of another node's store: messages of an earlier one are told apart, also after a restart here. */
  recordPeer(peer: Start, done: Durable): void;
  close(): Promise<void>;
}
