/**
 * The log store on a disk: a journal that takes every append, and behind it an LMDB environment that holds the rest:
 * identity, births, peers, promises, and the records that outlive their part of the journal. Everything submitted
 * while the previous flush was running shares the next one.
 */
import { join } from "node:path";
import { compareBallots, type Slot } from "../../machines/ballot.ts";
import { invariant } from "../../machines/invariant.ts";
import type { Start } from "../../machines/node/start.ts";
import type { LogAppend, LogRecord } from "../../machines/record.ts";
import { SynodError } from "../errors/synod-error.ts";
import type { Randomness } from "../randomness/randomness.ts";
import { commitFailure } from "./commit-failure.ts";
import { lockDirectory, type DirectoryLock } from "./directory-lock.ts";
import { GroupLog, headChangeOf, nextHead, sameHead, widened, type EpochLog } from "./group-log.ts";
import { changeBytes, nonceBytes, type PlacedRecord } from "./journal/frame-format.ts";
import {
  frameBytesMax,
  Journal,
  placeOf,
  type Addition,
  type FrameWritten,
} from "./journal/journal.ts";
import type { Segment } from "./journal/segment.ts";
import { segmentOf, SlotPlaces, type Place } from "./journal/slot-places.ts";
import { groupKey, LogEnvironment } from "./log-environment.ts";
import type {
  Durable,
  FlushStatistics,
  LoadedGroup,
  LogStore,
  StoredBirth,
  StoreIdentity,
} from "./log-store.ts";
import { RecentLatencies } from "./recent-latencies.ts";
import {
  decodeRecord,
  decodeSealed,
  encodeSealed,
  positionOf,
  recordKey,
} from "./record-format.ts";
import {
  decodeIdentity,
  encodeIdentity,
  nextIdentity,
  readIdentityFile,
  writeIdentityFile,
} from "./store-identity.ts";

export interface LmdbLogStoreOptions {
  /** Made if absent; holds the environment and the journal in `log`, the identity file and the lock. */
  readonly directory: string;
  readonly cluster: string;
  readonly node: string;
  readonly randomness: Randomness;
  /** The directory's, released when the store is closed or cannot be opened; taken here unless it is given. */
  readonly lock?: DirectoryLock;
  /** How far a file of the journal reaches before the next is begun. */
  readonly segmentBytes?: number;
}

const segmentBytesDefault = 16 * 2 ** 20;
/** Beyond it others get their turn before more moves from the journal into the environment. */
const pieceRecordsMax = 500;
const pieceBytesMax = 2 ** 19;
/** How long closing waits for the environment after a failure. */
const lastCommitMsMax = 1_000;
const emptyEpoch: EpochLog = { places: new SlotPlaces(), settled: undefined };
const identityKey = Buffer.from("identity");

/**
 * Opens or creates the store and raises its incarnation durably. Throws `STORE_LOCKED`, `LOST_STORE`,
 * `RESTORED_STORE`, `TOPOLOGY_DIFFERS`, `CORRUPT_STORE`, `STORAGE_FAILED` or `INCOMPATIBLE_VERSION`.
 */
export async function openLmdbLogStore(options: LmdbLogStoreOptions): Promise<LmdbLogStore> {
  const lock = options.lock ?? lockDirectory(options.directory);
  try {
    const environment = new LogEnvironment(options.directory);
    try {
      const identity = await claim(environment, options);
      return await LmdbLogStore.open(environment, identity, options, lock);
    } catch (error) {
      await environment.close();
      throw error;
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function claim(
  environment: LogEnvironment,
  { directory, cluster, node, randomness }: LmdbLogStoreOptions,
): Promise<StoreIdentity> {
  const file = join(directory, "identity.json");
  const stored = environment.identity.get(identityKey);
  const inside = stored && decodeIdentity(decodeSealed(identityKey, stored));
  const beside = readIdentityFile(file);
  const identity = nextIdentity({ cluster, node }, inside, beside, randomness);
  try {
    const value = encodeSealed(identityKey, encodeIdentity(identity));
    await environment.identity.put(identityKey, value);
  } catch (rejection) {
    throw await commitFailure(rejection);
  }
  writeIdentityFile(file, identity);
  return identity;
}

interface Submitted extends Addition {
  readonly log: GroupLog;
  readonly done: Durable;
  readonly isBusy: boolean;
  readonly submittedMs: number;
}

export class LmdbLogStore implements LogStore {
  readonly identity: StoreIdentity;
  readonly #environment: LogEnvironment;
  readonly #logs = new Map<string, GroupLog>();
  readonly #lock: DirectoryLock;
  readonly #latencies = new RecentLatencies();
  readonly #journal: Journal;
  /** In the order of the calls. */
  #submitted: Submitted[] = [];
  /** Taken from there, and on their way to the disk. */
  #underWay: readonly Submitted[] = [];
  #flushAsked = false;
  /** One frame at a time is on its way to the disk. */
  #isFlushing = false;
  /** Called when nothing is on its way to the disk any more. */
  #whenFlushed: (() => void)[] = [];
  /** The environment takes over from the journal. */
  #settling: Promise<void> | undefined;
  /** Puts into the environment that were not answered yet. */
  readonly #puts = new Set<{ readonly done: Durable }>();
  /** The first failure, or that it is closed. A later flush may succeed with pages lost, so nothing is written any more. */
  #failure: Promise<Error> | undefined;
  #hasFailed = false;
  #noteFailed: () => void = () => undefined;
  readonly #failed = new Promise<void>((resolve) => (this.#noteFailed = resolve));

  /** Reads the journal; rejects with `CORRUPT_STORE` or `STORAGE_FAILED`. */
  static async open(
    environment: LogEnvironment,
    identity: StoreIdentity,
    options: LmdbLogStoreOptions,
    lock: DirectoryLock,
  ): Promise<LmdbLogStore> {
    const store = new LmdbLogStore(environment, identity, options, lock);
    try {
      await store.#replay();
    } catch (error) {
      throw error instanceof SynodError ? error : await commitFailure(error);
    }
    return store;
  }

  private constructor(
    environment: LogEnvironment,
    identity: StoreIdentity,
    { directory, randomness, segmentBytes = segmentBytesDefault }: LmdbLogStoreOptions,
    lock: DirectoryLock,
  ) {
    this.#environment = environment;
    this.identity = identity;
    this.#lock = lock;
    this.#journal = new Journal({
      directory: join(directory, "log"),
      catalogue: environment.catalogue,
      nonce: () => Buffer.from(randomness.bytes(nonceBytes)),
      segmentBytes,
    });
  }

  groups(): readonly string[] {
    return [...this.#environment.births.getKeys({})].map((key) => key.toString("latin1"));
  }

  birth(name: string): StoredBirth | undefined {
    const key = groupKey(name);
    const birth = this.#environment.births.get(key);
    return birth && storedBirth(decodeSealed(key, birth));
  }

  load(name: string): LoadedGroup {
    const { head, epochs } = this.#log(name);
    const { promise, chosenThrough, trimmedThrough } = head;
    const unchosen = [...epochs.keys()]
      .toSorted((left, right) => left - right)
      .flatMap((epoch) =>
        this.read(name, epoch, chosenThrough + 1, Number.MAX_SAFE_INTEGER, Infinity),
      );
    const highest = unchosen.reduce(
      (ballot, record) => (compareBallots(record.ballot, ballot) > 0 ? record.ballot : ballot),
      promise,
    );
    return { promise: highest, chosenThrough, trimmedThrough, unchosen };
  }

  recordBirth(name: string, { birth, complete }: StoredBirth, done: Durable): void {
    const key = groupKey(name);
    const content = Buffer.concat([Buffer.from([complete ? 1 : 0]), birth]);
    if (this.#refused(done)) return;
    this.#settle(this.#environment.births.put(key, encodeSealed(key, content)), done);
  }

  append(name: string, change: LogAppend, done: Durable, isBusy = false): void {
    if (this.#refused(done)) return;
    const log = this.#log(name);
    log.head = nextHead(log.head, change);
    const positionOf = (bytes: number): number => {
      const position = log.end;
      log.end += bytes;
      return position;
    };
    const submittedMs = performance.now();
    this.#submitted.push({ group: name, change, positionOf, log, done, isBusy, submittedMs });
    this.#flushSoon();
  }

  read(
    name: string,
    epoch: number,
    from: Slot,
    through: Slot,
    bytesMax: number,
  ): readonly LogRecord[] {
    const log = this.#log(name);
    const found: LogRecord[] = [];
    let bytes = 0;
    const first = Math.max(from, log.durable.trimmedThrough + 1);
    for (const slot of this.#slots(log, epoch, first, through)) {
      const value = this.#valueOf(log, epoch, slot);
      if (value === undefined) continue;
      found.push(decodeRecord(recordKey(name, epoch, slot), value));
      bytes += value.length;
      if (bytes >= bytesMax) break;
    }
    return found;
  }

  bytes(name: string): number {
    const log = this.#log(name);
    for (const epoch of log.epochs.keys()) {
      const first = this.#valueOf(log, epoch, log.durable.trimmedThrough + 1);
      if (first !== undefined) return log.end - positionOf(first).start;
    }
    return 0;
  }

  statistics(): FlushStatistics {
    return this.#latencies.summary();
  }

  peers(): readonly Start[] {
    const found: Start[] = [];
    for (const { key, value } of this.#environment.peers.getRange({})) {
      found.push(JSON.parse(decodeSealed(key, value).toString()) as Start);
    }
    return found;
  }

  recordPeer(peer: Start, done: Durable): void {
    const key = Buffer.from(String(peer.member));
    const value = encodeSealed(key, Buffer.from(JSON.stringify(peer)));
    if (this.#refused(done)) return;
    this.#settle(this.#environment.peers.put(key, value), done);
  }

  /** What was submitted is flushed first, unless the disk has failed. Later calls fail. */
  async close(): Promise<void> {
    for (;;) {
      if (!this.#isFlushing) this.#flush();
      if (this.#failure !== undefined || !this.#isFlushing) break;
      // Whoever is told may append more.
      const flushed = new Promise<void>((resolve) => this.#whenFlushed.push(resolve));
      await Promise.race([flushed, this.#failed]);
    }
    this.#failure ??= Promise.resolve(new SynodError("STORAGE_FAILED", "the log is closed"));
    await Promise.race([this.#settling, this.#failed]);
    try {
      if (!this.#hasFailed) await this.#journal.seal();
    } finally {
      await this.#journal.close();
      const closing = this.#environment.close();
      // Once a commit has failed, the package may never answer another one.
      await (this.#hasFailed ? Promise.race([closing, delayed(lastCommitMsMax)]) : closing);
      this.#lock.release();
    }
  }

  async #replay(): Promise<void> {
    await this.#journal.open((change, segment, frameAt, valueAt) => {
      const log = this.#log(change.group);
      log.head = log.durable = nextHead(log.head, change);
      for (const record of change.records) {
        this.#place(log, segment, frameAt, record);
        log.end = Math.max(log.end, endOf(valueAt(record)));
      }
    });
    for (const log of this.#logs.values()) this.#forget(log, log.head.trimmedThrough);
    this.#settleOldest();
  }

  #log(name: string): GroupLog {
    let log = this.#logs.get(name);
    if (log === undefined) {
      const { records } = this.#environment;
      const spans = this.#environment.spans(name);
      log = new GroupLog(name, this.#environment.head(name), spans);
      for (const [epoch, { through }] of spans) {
        const last = records.get(recordKey(name, epoch, through));
        if (last !== undefined) log.end = Math.max(log.end, endOf(last));
      }
      this.#logs.set(name, log);
    }
    return log;
  }

  /** Those with a record between those two, in the journal or in the environment, ascending. */
  #slots({ name, epochs }: GroupLog, epoch: number, from: Slot, through: Slot): Generator<Slot> {
    const { places, settled } = epochs.get(epoch) ?? emptyEpoch;
    const inJournal = places.slots(from, through);
    if (settled === undefined) return inJournal;
    const first = Math.max(from, settled.from);
    const last = Math.min(through, settled.through);
    if (first > last) return inJournal;
    return merged(inJournal, this.#environment.slots(name, epoch, first, last));
  }

  /** As it was stored, checked by whoever decodes it. */
  #valueOf({ name, epochs }: GroupLog, epoch: number, slot: Slot): Buffer | undefined {
    const log = epochs.get(epoch);
    const place = log?.places.get(slot);
    if (place !== undefined) return this.#journal.read(place);
    if (log?.settled === undefined) return undefined;
    return this.#environment.records.get(recordKey(name, epoch, slot));
  }

  /**
   * When whoever appends has done the rest of what it was doing: a leader's accept is on its way to the others before this
   * node's own disk is given its part, and what one message after the other appends shares a flush.
   */
  #flushSoon(): void {
    if (this.#isFlushing || this.#flushAsked) return;
    this.#flushAsked = true;
    queueMicrotask(() => {
      this.#flushAsked = false;
      if (!this.#isFlushing) this.#flush(true);
    });
  }

  /** `mayWait`: until the disk is done, should it be prompt; nobody is to be told of anything before. */
  #flush(mayWait = false): void {
    if (this.#submitted.length === 0 || this.#failure !== undefined) return;
    this.#isFlushing = true;
    if (!this.#journal.isFull) return this.#writeFrame(mayWait);
    this.#journal.rotate().then(
      () => {
        if (this.#failure !== undefined) return;
        this.#settleOldest();
        this.#writeFrame(false);
      },
      (reason: unknown) => this.#flushFailed(reason),
    );
  }

  #writeFrame(mayWait: boolean): void {
    const batch = this.#takeBatch();
    this.#underWay = batch;
    const failed = (reason: unknown): void => this.#flushFailed(reason);
    const promised = this.#keepPromises(batch);
    const written: FrameWritten = (failure, segment, places, frameAt) => {
      if (failure !== null) return failed(failure);
      try {
        this.#placeAll(batch, segment, places, frameAt);
        if (promised === undefined) this.#flushed(batch);
        else promised.then(() => this.#flushed(batch)).catch(failed);
      } catch (reason) {
        failed(reason);
      }
    };
    try {
      this.#journal.write(batch, mayWait && !batch.some(({ isBusy }) => isBusy), written);
    } catch (reason) {
      failed(reason);
    }
  }

  #flushed(batch: readonly Submitted[]): void {
    if (this.#failure !== undefined) return;
    this.#underWay = [];
    this.#isFlushing = false;
    // The disk goes on with what has come meanwhile, before anybody acts on what it has done.
    this.#flush();
    const endMs = performance.now();
    for (const [index, { log, change, done, submittedMs }] of batch.entries()) {
      log.durable = nextHead(log.durable, change);
      if (change.trimThrough !== undefined) this.#trim(log, change.trimThrough);
      this.#latencies.add(endMs - submittedMs);
      done(undefined, batch[index + 1]?.log === log);
    }
    if (this.#isFlushing || this.#whenFlushed.length === 0) return;
    for (const flushed of this.#whenFlushed.splice(0)) flushed();
  }

  #flushFailed(reason: unknown): void {
    this.#isFlushing = false;
    this.#fail(reason);
  }

  /** As much of what was submitted as fits into one frame, but at least one append. */
  #takeBatch(): readonly Submitted[] {
    let bytes = 0;
    let count = 0;
    for (const { group, change } of this.#submitted) {
      bytes += changeBytes(group, change);
      if (count > 0 && bytes > frameBytesMax) break;
      count += 1;
    }
    return this.#submitted.splice(0, count);
  }

  #placeAll(
    batch: readonly Submitted[],
    segment: Segment,
    places: readonly (readonly PlacedRecord[])[],
    frameAt: number,
  ): void {
    for (const [index, records] of places.entries()) {
      const log = batch[index]?.log;
      invariant(log !== undefined, "each append has its places");
      for (const record of records) this.#place(log, segment, frameAt, record);
    }
  }

  /**
   * A promise lies in the environment as well before anybody hears of it. Nothing else does: the environment's word on
   * what is chosen must not run ahead of the journal's records. Undefined when there is none in the batch.
   */
  #keepPromises(batch: readonly Submitted[]): Promise<unknown> | undefined {
    let kept: Promise<boolean>[] | undefined;
    for (const { log, change } of batch) {
      if (change.promise === undefined) continue;
      log.settled = nextHead(log.settled, { promise: change.promise });
      kept ??= [];
      kept.push(this.#environment.putHead(log.name, log.settled));
    }
    if (kept === undefined) return undefined;
    const all = Promise.all(kept);
    all.catch((reason: unknown) => this.#flushFailed(reason));
    return all;
  }

  #place(log: GroupLog, segment: Segment, frameAt: number, record: PlacedRecord): void {
    const { places } = log.epoch(record.epoch);
    const before = places.set(record.slot, placeOf(segment, frameAt, record));
    segment.placed += 1;
    segment.live += 1;
    if (before !== undefined) this.#noteGone(before);
  }

  #noteGone(place: Place): void {
    const segment = this.#journal.segmentAt(place);
    if (segment !== undefined) segment.live -= 1;
  }

  /** Removes the records, in the environment without haste: `trimmedThrough` says already that they are gone. */
  #trim(log: GroupLog, through: Slot): void {
    this.#forget(log, through);
    for (const [epoch, { settled }] of log.epochs) {
      if (settled === undefined || settled.from > through) continue;
      const end = Math.min(through, settled.through);
      const removed = this.#environment.removeRecords(log.name, epoch, settled.from, end);
      log.epoch(epoch).settled =
        end === settled.through ? undefined : { from: end + 1, through: settled.through };
      removed.catch((reason: unknown) => this.#fail(reason));
    }
    if (this.#journal.segments[0]?.live === 0) this.#settleOldest();
  }

  #forget(log: GroupLog, through: Slot): void {
    for (const { places } of log.epochs.values()) {
      places.trim(through, (place) => this.#noteGone(place));
    }
  }

  #settleOldest(): void {
    if (this.#settling !== undefined) return;
    this.#settling = this.#settleWhatCan().then(
      () => (this.#settling = undefined),
      (reason: unknown) => {
        this.#settling = undefined;
        this.#fail(reason);
      },
    );
  }

  async #settleWhatCan(): Promise<void> {
    for (;;) {
      const [oldest, ...others] = this.#journal.segments;
      if (oldest === undefined || others.length === 0 || this.#failure !== undefined) return;
      if (oldest.live > 0 && !this.#journal.isMostlyDead && !this.#journal.isLong) return;
      await this.#settleSegment(oldest);
    }
  }

  /**
   * Whatever of the segment is still needed moves into the environment, a piece at a time, so that others get their turn;
   * then the segment is struck off, in one transaction with the heads that rest on it. Until then it is in both.
   */
  async #settleSegment(oldest: Segment): Promise<void> {
    if (oldest.live > 0) {
      const places = this.#placesIn(oldest);
      for (let piece = this.#piece(places); piece.length > 0; piece = this.#piece(places)) {
        await this.#move(piece);
        if (this.#failure !== undefined) return;
      }
    }
    await this.#environment.batch(() => {
      for (const log of this.#logs.values()) {
        const head = nextHead(log.settled, headChangeOf(log.durable));
        if (sameHead(head, log.settled)) continue;
        log.settled = head;
        void this.#environment.putHead(log.name, head);
      }
      void this.#environment.removeSegment(oldest);
    });
    this.#journal.retireOldest();
  }

  async #move(piece: readonly Moved[]): Promise<void> {
    await this.#environment.batch(() => {
      for (const { log, epoch, slot, key, value } of piece) {
        void this.#environment.records.put(key, value);
        const own = log.epoch(epoch);
        own.settled = widened(own.settled, slot);
      }
    });
    for (const { log, epoch, slot, place } of piece) {
      const { places } = log.epoch(epoch);
      if (places.get(slot) !== place) continue;
      places.delete(slot);
      this.#noteGone(place);
    }
  }

  /** The next ones, read. */
  #piece(places: Generator<Placed>): readonly Moved[] {
    const piece: Moved[] = [];
    let bytes = 0;
    while (piece.length < pieceRecordsMax && bytes < pieceBytesMax) {
      const next = places.next();
      if (next.done === true) break;
      const moved = this.#read(next.value);
      piece.push(moved);
      bytes += moved.value.length;
    }
    return piece;
  }

  /** Checked before its frame, which says of more than one record that it is whole, is given up. */
  #read(placed: Placed): Moved {
    const key = recordKey(placed.log.name, placed.epoch, placed.slot);
    const value = this.#journal.read(placed.place);
    decodeRecord(key, value);
    return { ...placed, key, value };
  }

  /** What is gone before it was asked for is left out. */
  *#placesIn(segment: Segment): Generator<Placed> {
    for (const log of this.#logs.values()) {
      for (const [epoch, { places }] of log.epochs) {
        for (const slot of places.slots(0, Number.MAX_SAFE_INTEGER)) {
          const place = places.get(slot);
          if (place === undefined || segmentOf(place) !== segment.number) continue;
          yield { log, epoch, slot, place };
        }
      }
    }
  }

  #settle(committed: Promise<boolean>, done: Durable): void {
    const put = { done };
    this.#puts.add(put);
    committed.then(
      () => {
        if (this.#puts.delete(put)) done(undefined);
      },
      (reason: unknown) => this.#fail(reason),
    );
  }

  /**
   * Whoever waits for the disk is told in a later turn, and so is everybody who asks from here on. Nobody is left to a
   * write that is still under way: after a failure the package may never answer it.
   */
  #fail(reason: unknown): void {
    // Every commit that fails tells its reason anew, and each has to be listened to.
    const failure = commitFailure(reason);
    this.#failure ??= failure;
    this.#hasFailed = true;
    this.#noteFailed();
    const waiting = [...this.#underWay, ...this.#submitted, ...this.#puts];
    this.#underWay = [];
    this.#submitted = [];
    this.#puts.clear();
    for (const { done } of waiting) this.#refused(done);
  }

  /** True, and `done` is told why in a later turn, if a write has failed. */
  #refused(done: Durable): boolean {
    if (this.#failure === undefined) return false;
    void this.#failure.then(done);
    return true;
  }
}

function delayed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

interface Placed {
  readonly log: GroupLog;
  readonly epoch: number;
  readonly slot: Slot;
  readonly place: Place;
}

interface Moved extends Placed {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** Ascending, each once; both are ascending. */
function* merged(left: Generator<Slot>, right: Generator<Slot>): Generator<Slot> {
  let next = left.next();
  for (const slot of right) {
    for (; next.done !== true && next.value < slot; next = left.next()) yield next.value;
    if (next.done !== true && next.value === slot) next = left.next();
    yield slot;
  }
  for (; next.done !== true; next = left.next()) yield next.value;
}

/** Where a record ends in its group's stream of appended bytes. */
function endOf(value: Buffer): number {
  return positionOf(value).end;
}

function storedBirth(content: Buffer): StoredBirth {
  return { complete: content[0] === 1, birth: content.subarray(1) };
}
