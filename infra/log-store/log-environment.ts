/**
 * The LMDB environment below a log store: identity, births, peers, each group's promise, and whatever of the log
 * outlives its segment of the journal. Written by one process only; a put resolves when its transaction is flushed.
 */
import { join } from "node:path";
import { open, type Database, type RootDatabase } from "lmdb";
import type { Slot } from "../../machines/ballot.ts";
import { heard } from "./commit-failure.ts";
import type { SegmentCatalogue } from "./journal/journal.ts";
import type { SegmentEntry } from "./journal/segment.ts";
import {
  decodeHead,
  decodeSealed,
  emptyHead,
  encodeHead,
  encodeSealed,
  epochOfKey,
  recordKey,
  slotOfKey,
  type Head,
} from "./record-format.ts";

export type BinaryDatabase = Database<Buffer, Buffer>;

/** Virtual address space, not memory or disk. */
const mapBytes = 64 * 2 ** 30;
const epochMax = 2 ** 32 - 1;

/** Where an epoch's records lie in the environment. */
export interface SettledSpan {
  readonly from: Slot;
  readonly through: Slot;
}

export class LogEnvironment {
  readonly identity: BinaryDatabase;
  readonly births: BinaryDatabase;
  readonly peers: BinaryDatabase;
  readonly records: BinaryDatabase;
  readonly #heads: BinaryDatabase;
  readonly #segments: BinaryDatabase;
  readonly #root: RootDatabase<Buffer, Buffer>;

  constructor(directory: string) {
    this.#root = open<Buffer, Buffer>({
      path: join(directory, "log"),
      encoding: "binary",
      keyEncoding: "binary",
      maxDbs: 8,
      mapSize: mapBytes,
      overlappingSync: false,
      eventTurnBatching: false,
    });
    this.identity = this.#table("identity");
    this.births = this.#table("births");
    this.peers = this.#table("peers");
    this.records = this.#table("records");
    this.#heads = this.#table("heads");
    this.#segments = this.#table("segments");
  }

  get catalogue(): SegmentCatalogue {
    return {
      list: () =>
        [...this.#segments.getRange({})].map(({ key, value }) => ({
          number: key.readUInt32BE(0),
          nonce: Buffer.from(decodeSealed(key, value)),
        })),
      add: async (entry) => {
        const key = segmentKey(entry);
        await heard(this.#segments.put(key, encodeSealed(key, entry.nonce)));
      },
    };
  }

  head(group: string): Head {
    const key = groupKey(group);
    const stored = this.#heads.get(key);
    return stored === undefined ? emptyHead : decodeHead(key, stored);
  }

  putHead(group: string, head: Head): Promise<boolean> {
    const key = groupKey(group);
    return heard(this.#heads.put(key, encodeHead(key, head)));
  }

  /** Those of these slots that are there. */
  removeRecords(group: string, epoch: number, from: Slot, through: Slot): Promise<unknown> {
    return this.batch(() => {
      for (let slot = from; slot <= through; slot++) {
        void this.records.remove(recordKey(group, epoch, slot));
      }
    });
  }

  removeSegment(entry: Pick<SegmentEntry, "number">): Promise<boolean> {
    return this.#segments.remove(segmentKey(entry));
  }

  /** One transaction; resolves when it is on disk. */
  batch(write: () => unknown): Promise<unknown> {
    return heard(this.#root.batch(() => void write()));
  }

  /** Epochs with records here, found by jumping from each one's first record to the next one's. */
  spans(group: string): ReadonlyMap<number, SettledSpan> {
    const spans = new Map<number, SettledSpan>();
    let epoch = 0;
    for (;;) {
      const start = recordKey(group, epoch, 0);
      const end = recordKey(group, epochMax, Number.MAX_SAFE_INTEGER);
      const [first] = this.records.getKeys({ start, end, limit: 1 });
      if (first === undefined) return spans;
      epoch = epochOfKey(first);
      const [last] = this.records.getKeys({
        start: recordKey(group, epoch, Number.MAX_SAFE_INTEGER),
        end: recordKey(group, epoch, 0),
        reverse: true,
        limit: 1,
      });
      spans.set(epoch, { from: slotOfKey(first), through: slotOfKey(last ?? first) });
      epoch += 1;
    }
  }

  /** The slots that have a record between those two, ascending. */
  *slots(group: string, epoch: number, from: Slot, through: Slot): Generator<Slot> {
    const start = recordKey(group, epoch, from);
    const end = recordKey(group, epoch, through + 1);
    for (const key of this.records.getKeys({ start, end })) yield slotOfKey(key);
  }

  close(): Promise<void> {
    return this.#root.close();
  }

  #table(name: string): BinaryDatabase {
    return this.#root.openDB<Buffer, Buffer>({ name, encoding: "binary", keyEncoding: "binary" });
  }
}

export function groupKey(group: string): Buffer {
  return Buffer.from(group, "latin1");
}

function segmentKey({ number }: Pick<SegmentEntry, "number">): Buffer {
  const key = Buffer.allocUnsafe(4);
  key.writeUInt32BE(number, 0);
  return key;
}
