/**
 * The state environment in LMDB, as one thread sees it. Two threads of one process open it: the main thread
 * only reads, a worker does all writing. Every commit is synced before it returns; an unsynced commit could,
 * after a power loss, damage the tree and with it the checkpoint that is valid.
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  openSync,
  readSync,
  statSync,
  truncateSync,
} from "node:fs";
import { open, type RootDatabase } from "lmdb";
import { SynodError } from "../errors/synod-error.ts";
import type { BlockBatch, BlockBytes, RunId, StoredContents } from "./block-device.ts";
import { blockPages } from "./block-format.ts";
import { corruptState } from "./corrupt-state.ts";

const pageBytes = 4096;
/** Address space, not memory or disk; LMDB maps anew if the file outgrows it. */
const mapBytes = 64 * 1024 ** 3;

/** First byte of every key. */
const keyKind = { block: 1, manifest: 2, nextRun: 3, owner: 4 } as const;
const blockKeyBytes = 11;

export class LmdbEnvironment {
  readonly #database: RootDatabase<Buffer, Uint8Array>;
  /** LMDB copies every value into one buffer of its own; these are views of it, by the pages of a block. */
  readonly #views: (BlockBytes | undefined)[] = [];
  readonly #blockKey = Buffer.alloc(blockKeyBytes);
  readonly #nextRunKey = Buffer.from([keyKind.nextRun]);

  constructor(path: string) {
    this.#database = guarded(`open the state store at ${path}`, () => {
      checkHeaders(path);
      makeDurable(path);
      const database = open<Buffer, Uint8Array>({
        path,
        noSubdir: true,
        encoding: "binary",
        keyEncoding: "binary",
        overlappingSync: false,
        mapSize: mapBytes,
        pageSize: pageBytes,
        maxDbs: 1,
      });
      coverAllPages(path, database);
      return database;
    });
  }

  /** What other threads have committed is visible to the reads that follow. */
  refresh(): void {
    this.#database.resetReadTxn();
  }

  read(run: RunId, block: number): BlockBytes | undefined {
    this.#writeBlockKey(run, block);
    const value = guarded("read state", () => this.#database.getBinaryFast(this.#blockKey));
    if (value === undefined) return undefined;
    const pages = blockPages(value.length);
    let view = this.#views[pages];
    if (
      view === undefined ||
      view.bytes.buffer !== value.buffer ||
      view.bytes.length !== value.length
    ) {
      view = {
        bytes: new Uint8Array(value.buffer, value.byteOffset, value.length),
        view: new DataView(value.buffer, value.byteOffset, value.length),
      };
      this.#views[pages] = view;
    }
    return view;
  }

  /** Writes down whose environment this is, or throws if it is somebody else's. */
  claim(owner: string): void {
    const key = Buffer.from([keyKind.owner]);
    const claimed = guarded("read state", () => this.#database.getBinary(key));
    if (claimed === undefined) {
      this.#commit("claim the state store", () => this.#put(key, Buffer.from(owner)));
    } else if (claimed.toString() !== owner) {
      throw new SynodError(
        "RESTORED_STORE",
        `the state store is that of ${claimed.toString()}, not of ${owner}`,
        { nextStep: "Move its directory away; the replicas rebuild their state." },
      );
    }
  }

  contents(): StoredContents {
    return guarded("read state", () => this.#contents());
  }

  #contents(): StoredContents {
    const manifests = new Map<string, Uint8Array>();
    const manifestsStart = Buffer.from([keyKind.manifest]);
    for (const { key, value } of this.#database.getRange({
      start: manifestsStart,
      end: this.#nextRunKey,
    })) {
      manifests.set(Buffer.from(key).toString("utf8", 1), Buffer.from(value));
    }
    const runs = this.#storedRuns();
    return { manifests, runs, nextRun: Math.max(this.#storedNextRun(), (runs.at(-1) ?? 0) + 1) };
  }

  writeBlocks({ run, firstBlock, lengths, chunk }: BlockBatch): void {
    this.#commit("write state blocks", () => {
      // Remembered before the run is, so that no later run is given the same number.
      if (firstBlock === 0) this.#raiseNextRun(run + 1);
      let start = 0;
      for (const [index, length] of lengths.entries()) {
        this.#writeBlockKey(run, firstBlock + index);
        this.#put(this.#blockKey, chunk.subarray(start, start + length));
        start += length;
      }
    });
  }

  writeManifest(group: string, manifest: Uint8Array): void {
    const key = Buffer.concat([Buffer.from([keyKind.manifest]), Buffer.from(group)]);
    this.#commit("write a state manifest", () => this.#put(key, manifest));
  }

  /** Returns whether blocks of the run remain. */
  dropBlocks(run: RunId, blocksMax: number): boolean {
    const keys = [...this.#blockKeys(run, blocksMax)];
    if (keys.length === 0) return false;
    this.#commit("remove state blocks", () => {
      for (const key of keys) this.#database.removeSync(key);
    });
    return keys.length === blocksMax;
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  #commit(what: string, change: () => void): void {
    guarded(what, () => this.#database.transactionSync(change));
  }

  #put(key: Uint8Array, value: Uint8Array): void {
    this.#database.putSync(key, value as Buffer);
  }

  #writeBlockKey(run: RunId, block: number): void {
    const key = this.#blockKey;
    key[0] = keyKind.block;
    key.writeUIntBE(run, 1, 6);
    key.writeUInt32BE(block, 7);
  }

  #raiseNextRun(nextRun: RunId): void {
    if (nextRun <= this.#storedNextRun()) return;
    const record = Buffer.alloc(8);
    record.writeBigUInt64BE(BigInt(nextRun));
    this.#put(this.#nextRunKey, record);
  }

  #storedNextRun(): RunId {
    const record = this.#database.getBinary(this.#nextRunKey);
    return record === undefined ? 1 : Number(record.readBigUInt64BE());
  }

  /** Looks at one block of each run, however many it has. */
  #storedRuns(): RunId[] {
    const runs: RunId[] = [];
    for (let run = 0; ; run = (runs.at(-1) ?? 0) + 1) {
      const [first] = this.#blockKeys(run, 1, true);
      if (first === undefined) return runs;
      runs.push(Buffer.from(first).readUIntBE(1, 6));
    }
  }

  /** Keys of the run's first stored blocks; or also of later runs'. */
  #blockKeys(run: RunId, limit: number, laterRuns = false): Iterable<Uint8Array> {
    this.#writeBlockKey(run, 0);
    const start = Buffer.from(this.#blockKey);
    this.#writeBlockKey(run + 1, 0);
    const end = laterRuns ? Buffer.from([keyKind.manifest]) : Buffer.from(this.#blockKey);
    return this.#database.getKeys({ start, end, limit });
  }
}

/** LMDB's meta pages: their flag and magic number, and where in a page these stand. */
const metaPages = 2;
const metaFlag = { at: 18, value: 8 };
const metaMagic = { at: 24, value: 0xbeefc0de };

/** The LMDB binding crashes the process when the file is something else. */
function checkHeaders(path: string): void {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes === 0) return;
  const headers = Buffer.alloc(metaPages * pageBytes);
  const file = openSync(path, "r");
  try {
    readSync(file, headers, 0, headers.length, 0);
  } finally {
    closeSync(file);
  }
  for (let page = 0; page < headers.length; page += pageBytes) {
    const flagged = headers.readUInt16LE(page + metaFlag.at) === metaFlag.value;
    if (!flagged || headers.readUInt32LE(page + metaMagic.at) !== metaMagic.value) {
      throw corruptState(`${path} is not a state environment`);
    }
  }
}

/**
 * A process that was killed may have left what is visible and not yet on the disk. Whoever opens the environment takes
 * its checkpoints for durable, and lets the log forget what they hold.
 */
function makeDurable(path: string): void {
  if (!existsSync(path)) return;
  const file = openSync(path, "r");
  try {
    fdatasyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Reading behind the end of a truncated file would kill the process. Zeros in its place fail their checksum
 * and are reported.
 */
function coverAllPages(path: string, database: RootDatabase<Buffer, Uint8Array>): void {
  const stats = database.getStats() as { readonly lastPageNumber: number };
  const bytes = (stats.lastPageNumber + 1) * pageBytes;
  if (statSync(path).size < bytes) truncateSync(path, bytes);
}

/** Says which of LMDB's errors are damage to what is stored, and which are a disk that does not do its work. */
function guarded<Result>(what: string, use: () => Result): Result {
  try {
    return use();
  } catch (cause) {
    if (cause instanceof SynodError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    if (/MDB_(INVALID|CORRUPTED|PAGE_NOTFOUND)/.test(why)) {
      throw corruptState(`cannot ${what}: ${why}`);
    }
    throw new SynodError("STORAGE_FAILED", `cannot ${what}: ${why}`, { cause });
  }
}
