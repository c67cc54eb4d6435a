/**
 * The log store on a disk: a journal that takes every append, and behind it an LMDB environment that holds the rest:
 * identity, births, peers, promises, and the records that outlive their part of the journal. Everything submitted
 * while the previous flush was running shares the next one.
 */
import { join } from "node:path";
import type { Slot } from "../../machines/ballot.ts";
import { invariant } from "../../machines/invariant.ts";
import type { Start } from "../../machines/node/start.ts";
import type { LogAppend, LogRecord } from "../../machines/record.ts";
import { SynodError } from "../errors/synod-error.ts";
import type { Randomness } from "../randomness/randomness.ts";
import { commitFailure } from "./commit-failure.ts";
import { lockDirectory, type DirectoryLock } from "./directory-lock.ts";
import { nextHead, type GroupLog } from "./group-log.ts";
import { changeBytes, nonceBytes, type PlacedRecord } from "./journal/frame-format.ts";
import { frameBytesMax, Journal, type Addition, type FrameWritten } from "./journal/journal.ts";
import type { Segment } from "./journal/segment.ts";
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
import { decodeSealed, encodeSealed, positionOf } from "./record-format.ts";
import { Settling } from "./settling.ts";
import {
  decodeIdentity,
  encodeIdentity,
  nextIdentity,
  readIdentityFile,
  writeIdentityFile,
} from "./store-identity.ts";
import { StoredRecords } from "./stored-records.ts";

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
/** How long closing waits for the environment after a failure. */
const lastCommitMsMax = 1_000;
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
  readonly #lock: DirectoryLock;
  readonly #latencies = new RecentLatencies();
  readonly #journal: Journal;
  readonly #records: StoredRecords;
  readonly #settling: Settling;
  /** In the order of the calls. */
  #submitted: Submitted[] = [];
  /** Taken from there, and on their way to the disk. */
  #underWay: readonly Submitted[] = [];
  #flushAsked = false;
  /** One frame at a time is on its way to the disk. */
  #isFlushing = false;
  /** Called when nothing is on its way to the disk any more. */
  #whenFlushed: (() => void)[] = [];
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
    this.#records = new StoredRecords(environment, this.#journal);
    this.#settling = new Settling({
      environment,
      journal: this.#journal,
      records: this.#records,
      hasEnded: () => this.#failure !== undefined,
      failed: (reason) => this.#fail(reason),
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
    return this.#records.load(name);
  }

  recordBirth(name: string, { birth, complete }: StoredBirth, done: Durable): void {
    const key = groupKey(name);
    const content = Buffer.concat([Buffer.from([complete ? 1 : 0]), birth]);
    if (this.#refused(done)) return;
    this.#put(this.#environment.births.put(key, encodeSealed(key, content)), done);
  }

  append(name: string, change: LogAppend, done: Durable, isBusy = false): void {
    if (this.#refused(done)) return;
    const log = this.#records.log(name);
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
    return this.#records.read(name, epoch, from, through, bytesMax);
  }

  bytes(name: string): number {
    return this.#records.bytes(name);
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
    this.#put(this.#environment.peers.put(key, value), done);
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
    await Promise.race([this.#settling.done, this.#failed]);
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
      const log = this.#records.log(change.group);
      log.head = log.durable = nextHead(log.head, change);
      for (const record of change.records) {
        this.#records.place(log, segment, frameAt, record);
        log.end = Math.max(log.end, positionOf(valueAt(record)).end);
      }
    });
    for (const log of this.#records.logs()) this.#records.forget(log, log.head.trimmedThrough);
    this.#settling.begin();
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
        this.#settling.begin();
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
      if (change.trimThrough !== undefined) this.#settling.trim(log, change.trimThrough);
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
      for (const record of records) this.#records.place(log, segment, frameAt, record);
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

  #put(committed: Promise<boolean>, done: Durable): void {
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

function storedBirth(content: Buffer): StoredBirth {
  return { complete: content[0] === 1, birth: content.subarray(1) };
}
