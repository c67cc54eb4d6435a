/**
 * What a node's replicas must remember, as a port: identity, promises, accepted entries and how far the log is
 * known chosen. `append` answers when the bytes are on disk, in the order in which it was called; whatever is
 * said to anyone else waits for that answer.
 */
import type { Ballot } from "../../machines/ballot.ts";

/** One accepted or chosen entry. */
export interface LogRecord {
  readonly epoch: number;
  readonly slot: number;
  /** Ballot at which the entry was last accepted (Paxos Made Simple 2.2). */
  readonly ballot: Ballot;
  readonly entry: Uint8Array;
}

/** Everything one append changes, atomically. */
export interface LogAppend {
  readonly promise?: Ballot;
  readonly records?: readonly LogRecord[];
  readonly chosenThrough?: number;
  /** Removes records at or below this slot. Appended only behind a durable checkpoint (or a member that needs a snapshot). */
  readonly trimThrough?: number;
  /** The group's birth, encoded; `birthComplete` says that all members are known to hold it. */
  readonly birth?: Uint8Array;
  readonly birthComplete?: boolean;
}

/** What a group's part of the log says when it is opened. */
export interface LoadedGroup {
  readonly promise: Ballot | undefined;
  readonly chosenThrough: number;
  readonly trimmedThrough: number;
  readonly birth: Uint8Array | undefined;
  readonly birthComplete: boolean;
  /** Records above `chosenThrough`, ascending: accepted, and not known to be chosen. */
  readonly unchosen: readonly LogRecord[];
}

export interface StoreIdentity {
  readonly cluster: string;
  readonly node: string;
  readonly member: number;
  readonly incarnation: number;
}

export interface LogStore {
  /** Made or raised durably while the store was opened: `incarnation` is this start's. */
  readonly identity: StoreIdentity;
  load(group: string): LoadedGroup;
  /** Durable before `done`; calls are made durable in order, and those waiting for the disk share one commit. */
  append(group: string, change: LogAppend, done: (failure: Error | undefined) => void): void;
  /** Records `from..through`, ascending, stopping early once `bytesMax` is passed; checks each record's checksum. */
  read(group: string, from: number, through: number, bytesMax: number): readonly LogRecord[];
  /** Bytes the group's records take. */
  bytes(group: string): number;
  close(): Promise<void>;
}
