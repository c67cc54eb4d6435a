/**
 * The log store on LMDB: one environment per node, written by this process only. A put resolves when its
 * transaction is flushed; everything submitted while the previous flush was running shares the next one.
 */
import { join } from "node:path";
import { open, type Database, type RootDatabase } from "lmdb";
import type { Slot } from "../../machines/ballot.ts";
import { compareBallots } from "../../machines/ballot.ts";
import { invariant } from "../../machines/invariant.ts";
import type { LogAppend, LogRecord } from "../../machines/record.ts";
import { makeDirectory } from "../files/make-directory.ts";
import type { Randomness } from "../randomness/randomness.ts";
import { commitFailure } from "./commit-failure.ts";
import { lockDirectory } from "./directory-lock.ts";
import type {
  Durable,
  FlushStatistics,
  LoadedGroup,
  LogStore,
  PeerStart,
  StoredBirth,
  StoreIdentity,
} from "./log-store.ts";
import { RecentLatencies } from "./recent-latencies.ts";
import {
  decodeHead,
  decodeRecord,
  decodeSealed,
  emptyHead,
  epochOfKey,
  encodeHead,
  encodeRecord,
  encodeSealed,
  positionOf,
  recordKey,
  type Head,
} from "./record-format.ts";
import {
  decodeIdentity,
  encodeIdentity,
  nextIdentity,
  readIdentityFile,
  writeIdentityFile,
} from "./store-identity.ts";

type BinaryDatabase = Database<Buffer, Buffer>;

export interface LmdbLogStoreOptions {
  /** Made if absent; holds the environment `log`, the identity file and the lock. */
  readonly directory: string;
  readonly cluster: string;
  readonly node: string;
  readonly randomness: Randomness;
}

/** Virtual address space, not memory or disk: the log is trimmed long before. */
const mapBytes = 64 * 2 ** 30;
const epochMax = 2 ** 32 - 1;
const identityKey = Buffer.from("identity");

interface Group {
  readonly key: Buffer;
  /** As of the newest append, durable or not. */
  head: Head;
  /** Of the records stored, ascending. */
  readonly epochs: number[];
  /** Bytes of records ever appended. */
  end: number;
}

/**
 * Opens or creates the store and raises its incarnation durably. Throws `STORE_LOCKED`, `LOST_STORE`,
 * `RESTORED_STORE`, `TOPOLOGY_DIFFERS`, `CORRUPT_STORE` or `INCOMPATIBLE_VERSION`.
 */
export async function openLmdbLogStore(options: LmdbLogStoreOptions): Promise<LmdbLogStore> {
  makeDirectory(options.directory);
  const unlock = lockDirectory(options.directory);
  try {
    const environment = open<Buffer, Buffer>({
      path: join(options.directory, "log"),
      encoding: "binary",
      keyEncoding: "binary",
      maxDbs: 8,
      mapSize: mapBytes,
      overlappingSync: false,
      eventTurnBatching: false,
    });
    try {
      const identity = await claim(environment, options);
      return new LmdbLogStore(environment, identity, unlock);
    } catch (error) {
      await environment.close();
      throw error;
    }
  } catch (error) {
    unlock();
    throw error;
  }
}

async function claim(
  environment: RootDatabase<Buffer, Buffer>,
  { directory, cluster, node, randomness }: LmdbLogStoreOptions,
): Promise<StoreIdentity> {
  const file = join(directory, "identity.json");
  const database = table(environment, "identity");
  const stored = database.get(identityKey);
  const inside = stored && decodeIdentity(decodeSealed(identityKey, stored));
  const beside = readIdentityFile(file);
  const identity = nextIdentity({ cluster, node }, inside, beside, randomness);
  try {
    await database.put(identityKey, encodeSealed(identityKey, encodeIdentity(identity)));
  } catch (rejection) {
    throw await commitFailure(rejection);
  }
  writeIdentityFile(file, identity);
  return identity;
}

function table(environment: RootDatabase<Buffer, Buffer>, name: string): BinaryDatabase {
  return environment.openDB<Buffer, Buffer>({ name, encoding: "binary", keyEncoding: "binary" });
}

export class LmdbLogStore implements LogStore {
  readonly identity: StoreIdentity;
  readonly #environment: RootDatabase<Buffer, Buffer>;
  readonly #records: BinaryDatabase;
  readonly #heads: BinaryDatabase;
  readonly #births: BinaryDatabase;
  readonly #peers: BinaryDatabase;
  readonly #groups = new Map<string, Group>();
  readonly #unlock: () => void;
  readonly #latencies = new RecentLatencies();
  /** The first failed commit. A later flush may succeed with pages lost, so nothing is written any more. */
  #failure: Promise<Error> | undefined;

  constructor(
    environment: RootDatabase<Buffer, Buffer>,
    identity: StoreIdentity,
    unlock: () => void,
  ) {
    this.#environment = environment;
    this.identity = identity;
    this.#unlock = unlock;
    this.#records = table(environment, "records");
    this.#heads = table(environment, "heads");
    this.#births = table(environment, "births");
    this.#peers = table(environment, "peers");
  }

  groups(): readonly string[] {
    return [...this.#births.getKeys({})].map((key) => key.toString("latin1"));
  }

  birth(name: string): StoredBirth | undefined {
    const { key } = this.#group(name);
    const birth = this.#births.get(key);
    return birth && storedBirth(decodeSealed(key, birth));
  }

  load(name: string): LoadedGroup {
    const group = this.#group(name);
    const { promise, chosenThrough, trimmedThrough } = group.head;
    const unchosen = group.epochs.flatMap((epoch) =>
      this.read(name, epoch, chosenThrough + 1, Number.MAX_SAFE_INTEGER, Infinity),
    );
    const highest = unchosen.reduce(
      (ballot, record) => (compareBallots(record.ballot, ballot) > 0 ? record.ballot : ballot),
      promise,
    );
    return { promise: highest, chosenThrough, trimmedThrough, unchosen };
  }

  recordBirth(name: string, { birth, complete }: StoredBirth, done: Durable): void {
    const { key } = this.#group(name);
    const content = Buffer.concat([Buffer.from([complete ? 1 : 0]), birth]);
    if (this.#refused(done)) return;
    this.#settle(this.#births.put(key, encodeSealed(key, content)), done);
  }

  append(name: string, change: LogAppend, done: Durable): void {
    const group = this.#group(name);
    if (this.#refused(done)) return;
    const records = change.records ?? [];
    const headChanges =
      change.promise !== undefined ||
      change.chosenThrough !== undefined ||
      change.trimThrough !== undefined;
    const trimFrom = group.head.trimmedThrough + 1;
    if (headChanges) group.head = nextHead(group.head, change);
    const write = (): Promise<boolean> => {
      let last: Promise<boolean> | undefined;
      for (const record of records) last = this.#putRecord(name, group, record);
      if (headChanges) last = this.#heads.put(group.key, encodeHead(group.key, group.head));
      for (const epoch of group.epochs) {
        for (let slot = trimFrom; slot <= (change.trimThrough ?? 0); slot++) {
          last = this.#records.remove(recordKey(name, epoch, slot));
        }
      }
      invariant(last !== undefined, "an append changes something");
      return last;
    };
    // One transaction, so that a change is found as a whole or not at all.
    const single = records.length === 1 && !headChanges;
    this.#settle(single ? write() : this.#environment.batch(write), done);
  }

  read(
    name: string,
    epoch: number,
    from: Slot,
    through: Slot,
    bytesMax: number,
  ): readonly LogRecord[] {
    const found: LogRecord[] = [];
    let bytes = 0;
    const start = recordKey(name, epoch, from);
    const end = recordKey(name, epoch, through + 1);
    for (const { key, value } of this.#records.getRange({ start, end })) {
      found.push(decodeRecord(key, value));
      bytes += value.length;
      if (bytes >= bytesMax) break;
    }
    return found;
  }

  bytes(name: string): number {
    const { epochs, head, end } = this.#group(name);
    for (const epoch of epochs) {
      const first = this.#records.get(recordKey(name, epoch, head.trimmedThrough + 1));
      if (first !== undefined) return end - positionOf(first).start;
    }
    return 0;
  }

  statistics(): FlushStatistics {
    return this.#latencies.summary();
  }

  peers(): readonly PeerStart[] {
    const found: PeerStart[] = [];
    for (const { key, value } of this.#peers.getRange({})) {
      found.push(JSON.parse(decodeSealed(key, value).toString()) as PeerStart);
    }
    return found;
  }

  recordPeer(peer: PeerStart, done: Durable): void {
    const key = Buffer.from(String(peer.member));
    const value = encodeSealed(key, Buffer.from(JSON.stringify(peer)));
    if (this.#refused(done)) return;
    this.#settle(this.#peers.put(key, value), done);
  }

  async close(): Promise<void> {
    await this.#environment.close();
    this.#unlock();
  }

  #group(name: string): Group {
    let group = this.#groups.get(name);
    if (group === undefined) {
      const key = Buffer.from(name, "latin1");
      const head = this.#heads.get(key);
      group = {
        key,
        head: head === undefined ? emptyHead : decodeHead(key, head),
        epochs: this.#epochs(name),
        end: this.#end(name),
      };
      this.#groups.set(name, group);
    }
    return group;
  }

  /** Epochs with records, found by jumping from each one's first record to the next one's. */
  #epochs(name: string): number[] {
    const epochs: number[] = [];
    let epoch = 0;
    for (;;) {
      const start = recordKey(name, epoch, 0);
      const end = recordKey(name, epochMax, Number.MAX_SAFE_INTEGER);
      const [first] = this.#records.getKeys({ start, end, limit: 1 });
      if (first === undefined) return epochs;
      epochs.push(epochOfKey(first));
      epoch = epochOfKey(first) + 1;
    }
  }

  /** Where the newest record ends in the group's stream of appended bytes. */
  #end(name: string): number {
    const [last] = this.#records.getRange({
      start: recordKey(name, epochMax, Number.MAX_SAFE_INTEGER),
      end: recordKey(name, 0, 0),
      reverse: true,
      limit: 1,
    });
    return last === undefined ? 0 : positionOf(last.value).end;
  }

  #putRecord(name: string, group: Group, record: LogRecord): Promise<boolean> {
    if (!group.epochs.includes(record.epoch)) group.epochs.push(record.epoch);
    const key = recordKey(name, record.epoch, record.slot);
    const value = encodeRecord(key, record, group.end);
    group.end += value.length;
    return this.#records.put(key, value);
  }

  #settle(committed: Promise<boolean>, done: Durable): void {
    const submittedMs = performance.now();
    committed.then(
      () => {
        if (this.#refused(done)) return;
        this.#latencies.add(performance.now() - submittedMs);
        done(undefined);
      },
      (rejection: unknown) => {
        // Every commit that fails tells its reason anew, and each has to be listened to.
        const failure = commitFailure(rejection);
        this.#failure ??= failure;
        this.#refused(done);
      },
    );
  }

  /** True, and `done` is told why in a later turn, if a commit has failed. */
  #refused(done: Durable): boolean {
    if (this.#failure === undefined) return false;
    void this.#failure.then(done);
    return true;
  }
}

function nextHead(head: Head, change: LogAppend): Head {
  return {
    promise: change.promise ?? head.promise,
    chosenThrough: change.chosenThrough ?? head.chosenThrough,
    trimmedThrough: change.trimThrough ?? head.trimmedThrough,
  };
}

function storedBirth(content: Buffer): StoredBirth {
  return { complete: content[0] === 1, birth: content.subarray(1) };
}
