/**
 * The log store as a simulated disk. What was submitted becomes durable flush by flush; a crash or a power loss keeps
 * every acknowledged flush and any prefix of what was on its way. Records are kept in the real format, so that flipped
 * bits are found the same way.
 */
import { compareBallots, type Slot } from "../../machines/ballot.ts";
import type { Start } from "../../machines/node/start.ts";
import type { LogAppend, LogRecord } from "../../machines/record.ts";
import type { Clock } from "../clock/clock.ts";
import { SynodError } from "../errors/synod-error.ts";
import type { Randomness } from "../randomness/randomness.ts";
import type {
  Durable,
  FlushStatistics,
  LoadedGroup,
  LogStore,
  StoredBirth,
  StoreIdentity,
} from "./log-store.ts";
import {
  decodeRecord,
  emptyHead,
  epochOfKey,
  encodeRecord,
  recordKey,
  type Head,
} from "./record-format.ts";
import { nextIdentity } from "./store-identity.ts";

interface StoredGroup {
  head: Head;
  birth: StoredBirth | undefined;
  readonly records: Map<Slot, { readonly key: Buffer; readonly value: Buffer }>;
}

interface Submitted {
  readonly change: (disk: SimulatedLogDisk) => void;
  readonly done: Durable;
}

/** What a failed flush leaves behind. */
export type FlushFailure =
  /** Nothing: the write itself was refused. */
  | "rejected"
  /** What was written is read again after a restart, although a power loss may take it. */
  | "visible"
  /** What was written is seen until the process ends, and never again. */
  | "poisoned";

export const flushFailures: readonly FlushFailure[] = ["rejected", "visible", "poisoned"];

/** Faults of the disk that an experiment may switch on at any time. */
export interface LogDiskFaults {
  /** How long one flush takes, in milliseconds. */
  flushMs: (randomness: Randomness) => number;
  /** The next flush fails, and the store with it. */
  failNextFlush: boolean;
  /** How; any way when left out. */
  failure?: FlushFailure | undefined;
  /** Every flush fails, and nothing is written. */
  full?: boolean;
}

/** All that lies on the disk at one moment. */
export interface LogDiskCopy {
  readonly identity: StoreIdentity | undefined;
  readonly identityBeside: StoreIdentity | undefined;
  readonly groups: ReadonlyMap<string, StoredGroup>;
  readonly peers: ReadonlyMap<number, Start>;
}

/** The part that outlives the process. */
export class SimulatedLogDisk {
  identity: StoreIdentity | undefined;
  /** The identity file beside the log. */
  identityBeside: StoreIdentity | undefined;
  readonly groups = new Map<string, StoredGroup>();
  readonly peers = new Map<number, Start>();
  readonly faults: LogDiskFaults;
  flushes = 0;
  /** A flush failed, and the store that met it is still open. */
  failed = false;
  /** Called when a change has become durable: what an observer may hold the node to. */
  onDurable: (group: string, change: LogAppend) => void = () => undefined;
  /** Called once, right before the next flush becomes durable or right after it, before anybody is told. */
  onFlush: ((when: "before" | "after") => void) | undefined;
  /** As `onFlush`, for whoever looks at all of them. */
  onEveryFlush: ((when: "before" | "after") => void) | undefined;
  /** What is certain to survive a power loss, where a failed flush left more to be seen than that. */
  #certain: LogDiskCopy | undefined;
  /** Not even a restart shows what the failed flush wrote. */
  #poisoned = false;
  /** Visible changes that no observer was told of. */
  #uncertain: { readonly group: string; readonly change: LogAppend }[] = [];

  constructor(faults: LogDiskFaults) {
    this.faults = faults;
  }

  /** Applies what a flush wrote that then failed: it is visible, and not durable. */
  applyUnflushed(apply: () => void, poisoned: boolean): void {
    this.#certain ??= this.copy();
    this.#poisoned = poisoned;
    const { onDurable } = this;
    this.onDurable = (group, change) => void this.#uncertain.push({ group, change });
    apply();
    this.onDurable = onDurable;
  }

  /** Everything visible is durable. */
  noteFlushed(): void {
    if (this.#certain === undefined) return;
    this.#certain = undefined;
    for (const { group, change } of this.#uncertain.splice(0)) this.onDurable(group, change);
  }

  /** The process that had the disk open has ended: kill -9 keeps what was visible. */
  processEnded(): void {
    if (this.#certain !== undefined && this.#poisoned) this.restore(this.#certain);
    this.#poisoned = false;
  }

  /** Behind `processEnded`: what was visible and not durable may be there still, or not. */
  powerLoss(randomness: Randomness): void {
    const isLost = this.#certain !== undefined && randomness.fraction() < 0.5;
    if (this.#certain !== undefined && isLost) this.restore(this.#certain);
    this.noteFlushed();
  }

  copy(): LogDiskCopy {
    const { identity, identityBeside } = this;
    return { identity, identityBeside, groups: copyOf(this.groups), peers: new Map(this.peers) };
  }

  /** Puts an earlier copy in the place of all that is there. */
  restore({ identity, identityBeside, groups, peers }: LogDiskCopy): void {
    this.identity = identity;
    this.identityBeside = identityBeside;
    this.groups.clear();
    for (const [name, group] of copyOf(groups)) this.groups.set(name, group);
    this.peers.clear();
    for (const [member, peer] of peers) this.peers.set(member, peer);
    this.#certain = undefined;
    this.#uncertain = [];
  }

  group(name: string): StoredGroup {
    let group = this.groups.get(name);
    if (group === undefined) {
      group = { head: emptyHead, birth: undefined, records: new Map() };
      this.groups.set(name, group);
    }
    return group;
  }

  /** The directory is emptied, with or without the identity file that lies beside the log. */
  wipe(keepIdentityFile: boolean): void {
    this.identity = undefined;
    if (!keepIdentityFile) this.identityBeside = undefined;
    this.groups.clear();
    this.peers.clear();
  }

  /** Flips one bit of a stored record; false when there is none. */
  flipBit(groupName: string, slot: Slot, bit: number): boolean {
    const records = this.groups.get(groupName)?.records;
    const stored = records?.get(slot);
    if (records === undefined || stored === undefined) return false;
    // What was read before is windows onto the old bytes: a process has them in memory, where nothing flips.
    const value = Buffer.from(stored.value);
    const at = Math.floor(bit / 8) % value.length;
    value[at] = (value[at] ?? 0) ^ (1 << (bit % 8));
    records.set(slot, { key: stored.key, value });
    return true;
  }

  /** Puts a record's bytes in the place of another's, or swaps the two; false unless both are there. */
  misplaceRecord(groupName: string, from: Slot, to: Slot, swap: boolean): boolean {
    const records = this.groups.get(groupName)?.records;
    const [source, target] = [records?.get(from), records?.get(to)];
    if (records === undefined || source === undefined || target === undefined) return false;
    records.set(to, { key: target.key, value: Buffer.from(source.value) });
    if (swap) records.set(from, { key: source.key, value: target.value });
    return from !== to;
  }
}

function copyOf(groups: ReadonlyMap<string, StoredGroup>): Map<string, StoredGroup> {
  return new Map(
    [...groups].map(([name, { head, birth, records }]) => [
      name,
      // A bit that flips later must not flip in the copy.
      {
        head,
        birth,
        records: new Map(
          [...records].map(([slot, { key, value }]) => [slot, { key, value: Buffer.from(value) }]),
        ),
      },
    ]),
  );
}

export class SimulatedLogStore implements LogStore {
  readonly identity: StoreIdentity;
  readonly #disk: SimulatedLogDisk;
  readonly #clock: Clock;
  readonly #randomness: Randomness;
  #waiting: Submitted[] = [];
  #flushing: Submitted[] = [];
  #failure: Error | undefined;
  #closed = false;

  constructor(
    disk: SimulatedLogDisk,
    wanted: { readonly cluster: string; readonly node: string },
    clock: Clock,
    randomness: Randomness,
  ) {
    this.identity = nextIdentity(wanted, disk.identity, disk.identityBeside, randomness);
    disk.identity = this.identity;
    disk.identityBeside = this.identity;
    disk.failed = false;
    // The raised incarnation is flushed, and with it whatever an earlier process left visible.
    disk.noteFlushed();
    this.#disk = disk;
    this.#clock = clock;
    this.#randomness = randomness;
  }

  groups(): readonly string[] {
    return [...this.#disk.groups]
      .filter(([, { birth }]) => birth !== undefined)
      .map(([name]) => name)
      .sort();
  }

  birth(name: string): StoredBirth | undefined {
    return this.#disk.group(name).birth;
  }

  load(name: string): LoadedGroup {
    const { head, records } = this.#disk.group(name);
    const unchosen = [...records.keys()]
      .filter((slot) => slot > head.chosenThrough)
      .sort((left, right) => left - right)
      .map((slot) => this.#record(name, slot))
      .filter((record) => record !== undefined);
    const promise = unchosen.reduce(
      (highest, { ballot }) => (compareBallots(ballot, highest) > 0 ? ballot : highest),
      head.promise,
    );
    const { chosenThrough, trimmedThrough } = head;
    return { promise, chosenThrough, trimmedThrough, unchosen };
  }

  recordBirth(name: string, birth: StoredBirth, done: Durable): void {
    const kept = { birth: birth.birth.slice(), complete: birth.complete };
    this.#submit((disk) => (disk.group(name).birth = kept), done);
  }

  append(name: string, change: LogAppend, done: Durable): void {
    this.#submit((disk) => {
      applyTo(disk.group(name), name, change);
      disk.onDurable(name, change);
    }, done);
  }

  read(
    name: string,
    epoch: number,
    from: Slot,
    through: Slot,
    bytesMax: number,
  ): readonly LogRecord[] {
    const { records } = this.#disk.group(name);
    const slots = [...records]
      .filter(([slot, { key }]) => slot >= from && slot <= through && epochOfKey(key) === epoch)
      .map(([slot]) => slot)
      .sort((left, right) => left - right);
    const found: LogRecord[] = [];
    let bytes = 0;
    for (const slot of slots) {
      const record = this.#record(name, slot);
      if (record !== undefined) found.push(record);
      bytes += record?.entry.length ?? 0;
      if (bytes >= bytesMax) break;
    }
    return found;
  }

  bytes(name: string): number {
    let bytes = 0;
    for (const { value } of this.#disk.group(name).records.values()) bytes += value.length;
    return bytes;
  }

  statistics(): FlushStatistics {
    return { appends: this.#disk.flushes, p50Ms: 0, p99Ms: 0 };
  }

  peers(): readonly Start[] {
    return [...this.#disk.peers.values()];
  }

  recordPeer(peer: Start, done: Durable): void {
    this.#submit((disk) => disk.peers.set(peer.member, peer), done);
  }

  /** Lets everything submitted become durable. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { change } of [...this.#flushing, ...this.#waiting]) change(this.#disk);
    this.#flushing = [];
    this.#waiting = [];
    return Promise.resolve();
  }

  /** The process dies, or the power fails: of what is on its way a prefix may have reached the disk, nothing is answered. */
  crash(): void {
    const onTheWay = [this.#flushing, this.#waiting];
    const kept = Math.floor(this.#randomness.fraction() * (onTheWay.length + 1));
    for (const flush of onTheWay.slice(0, kept)) {
      for (const { change } of flush) change(this.#disk);
    }
    this.#closed = true;
    this.#flushing = [];
    this.#waiting = [];
    this.#disk.processEnded();
  }

  #record(name: string, slot: Slot): LogRecord | undefined {
    const stored = this.#disk.group(name).records.get(slot);
    return stored && decodeRecord(stored.key, stored.value);
  }

  #submit(change: Submitted["change"], done: Durable): void {
    if (this.#closed) return;
    if (this.#failure !== undefined) return done(this.#failure);
    this.#waiting.push({ change, done });
    if (this.#flushing.length === 0) this.#flush();
  }

  #flush(): void {
    this.#flushing = this.#waiting;
    this.#waiting = [];
    if (this.#flushing.length === 0) return;
    this.#clock.after(this.#disk.faults.flushMs(this.#randomness), () => this.#flushed());
  }

  #flushed(): void {
    if (this.#closed) return;
    if (this.#endsAt("before")) return;
    const flushed = this.#flushing;
    this.#flushing = [];
    const { faults } = this.#disk;
    if (this.#failure === undefined && (faults.failNextFlush || faults.full === true)) {
      this.#fail(flushed);
    } else if (this.#failure === undefined) {
      this.#disk.flushes += 1;
      for (const { change } of flushed) change(this.#disk);
      this.#disk.noteFlushed();
      if (this.#endsAt("after")) return;
    }
    this.#flush();
    for (const { done } of flushed) done(this.#failure);
  }

  /** Lets whoever waits for a flush act; says whether this process has ended by it. */
  #endsAt(when: "before" | "after"): boolean {
    this.#disk.onFlush?.(when);
    this.#disk.onEveryFlush?.(when);
    return this.#closed;
  }

  #fail(flushed: readonly Submitted[]): void {
    const { faults } = this.#disk;
    const drawn = flushFailures[Math.floor(this.#randomness.fraction() * flushFailures.length)];
    const failure = faults.full === true ? "rejected" : (faults.failure ?? drawn);
    faults.failNextFlush = false;
    this.#failure = new SynodError("STORAGE_FAILED", "the log could not be written: simulated");
    this.#disk.failed = true;
    if (failure === "rejected") return;
    const apply = (): void => {
      for (const { change } of flushed) change(this.#disk);
    };
    this.#disk.applyUnflushed(apply, failure === "poisoned");
  }
}

function applyTo(group: StoredGroup, name: string, change: LogAppend): void {
  for (const record of change.records ?? []) {
    const key = recordKey(name, record.epoch, record.slot);
    group.records.set(record.slot, { key, value: encodeRecord(key, record, 0) });
  }
  const trimFrom = group.head.trimmedThrough + 1;
  group.head = {
    promise: change.promise ?? group.head.promise,
    chosenThrough: change.chosenThrough ?? group.head.chosenThrough,
    trimmedThrough: change.trimThrough ?? group.head.trimmedThrough,
  };
  for (let slot = trimFrom; slot <= group.head.trimmedThrough; slot++) group.records.delete(slot);
}
