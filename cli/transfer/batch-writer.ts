/** Writes batches of entries, several at a time, and knows up to which line everything is written. */
import type { Bucket } from "../../client/bucket.ts";
import { ConflictError } from "../../client/errors.ts";
import { byteStringOf } from "../../infra/codec/key-text.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { ImportedEntry } from "./entry-line.ts";
import type { Line } from "./line-reader.ts";

/** What became of the lines so far. */
export interface ImportCounts {
  imported: number;
  /** Were there already, with `ifAbsent`. */
  existing: number;
  /** Had expired by the time they would have been written. */
  expired: number;
  bad: number;
}

export const noCounts: Readonly<ImportCounts> = { imported: 0, existing: 0, expired: 0, bad: 0 };

/** The last line of those that are all done, and what became of all of them. */
export interface Milestone {
  readonly line: Line;
  readonly counts: Readonly<ImportCounts>;
}

export interface BatchWriterOptions {
  readonly bucket: (name: string) => Bucket;
  readonly ifAbsent: boolean;
  /** Batches that are under way at the same time. */
  readonly concurrency: number;
  readonly wallMs: () => number;
  readonly counts: ImportCounts;
}

interface Item {
  readonly line: number;
  readonly entry: ImportedEntry;
}

interface Batch {
  readonly items: Item[];
  bytes: number;
  /** Of lines that have nothing to write. */
  readonly counts: ImportCounts;
  last: Line | undefined;
  isDone: boolean;
}

// Four full transactions of one group; more batches at a time do better than larger ones.
const batchItemsMax = 512;
const batchBytesMax = 1024 * 1024;

export class BatchWriter {
  readonly #options: BatchWriterOptions;
  /** In the order of the lines; the first ones that are done are taken off. */
  readonly #open: Batch[] = [];
  /** Keys that are being written: their next value has to wait, or it could be overtaken. */
  readonly #busy = new Set<string>();
  readonly #underWay = new Set<Promise<void>>();
  #batch = emptyBatch();
  #failure: unknown;
  #milestone: Milestone | undefined;

  constructor(options: BatchWriterOptions) {
    this.#options = options;
  }

  get milestone(): Milestone | undefined {
    return this.#milestone;
  }

  /** Resolves when the next one may come. Rejects with the first failure of a write. */
  async add(line: Line, entry: ImportedEntry): Promise<void> {
    const identity = identityOf(entry);
    if (this.#busy.has(identity)) await this.flush();
    this.#busy.add(identity);
    const batch = this.#batch;
    batch.items.push({ line: line.number, entry });
    batch.bytes += entry.key.length + entry.value.length;
    await this.#took(line);
  }

  /** A line that has nothing to write. */
  async skip(line: Line, reason: "expired" | "bad" | "blank"): Promise<void> {
    if (reason !== "blank") this.#batch.counts[reason] += 1;
    await this.#took(line);
  }

  /** Resolves when everything is written. */
  async flush(): Promise<void> {
    this.#launch();
    await this.settle();
    this.#requireNoFailure();
  }

  /** Resolves when nothing is under way any more, whatever came of it. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #took(line: Line): Promise<void> {
    const batch = this.#batch;
    batch.last = line;
    if (batch.items.length < batchItemsMax && batch.bytes < batchBytesMax) return;
    this.#launch();
    while (this.#underWay.size >= this.#options.concurrency) await Promise.race(this.#underWay);
    this.#requireNoFailure();
  }

  #requireNoFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #launch(): void {
    const batch = this.#batch;
    if (batch.last === undefined) return;
    this.#batch = emptyBatch();
    this.#open.push(batch);
    const writing = this.#write(batch)
      .then(
        () => this.#done(batch),
        (failure: unknown) => {
          this.#failure ??= failure;
        },
      )
      .finally(() => {
        for (const { entry } of batch.items) this.#busy.delete(identityOf(entry));
        this.#underWay.delete(writing);
      });
    this.#underWay.add(writing);
  }

  #done(batch: Batch): void {
    batch.isDone = true;
    const { counts } = this.#options;
    for (let first = this.#open[0]; first?.isDone === true; first = this.#open[0]) {
      this.#open.shift();
      for (const name of Object.keys(noCounts) as (keyof ImportCounts)[]) {
        counts[name] += first.counts[name];
      }
      if (first.last !== undefined) this.#milestone = { line: first.last, counts: { ...counts } };
    }
  }

  /** Everything is issued at once: what belongs to one store group travels together. */
  async #write({ items, counts }: Batch): Promise<void> {
    const { ifAbsent } = this.#options;
    const lasting = ifAbsent ? [] : items.filter(({ entry }) => entry.expiresAtMs === undefined);
    const single = ifAbsent ? items : items.filter(({ entry }) => entry.expiresAtMs !== undefined);
    const writes = [
      ...[...byBucket(lasting)].map(([name, group]) => this.#putMany(name, group, counts)),
      ...single.map((item) => this.#putOne(item, counts)),
    ];
    const failed = (await Promise.allSettled(writes)).find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
  }

  async #putMany(name: string, items: readonly Item[], counts: ImportCounts): Promise<void> {
    const pairs = items.map(({ entry }) => [entry.key, entry.value] as const);
    try {
      await this.#options.bucket(name).putMany(pairs);
    } catch (failure) {
      const [first, last] = [items[0]?.line, items.at(-1)?.line];
      throw placed(failure, first === last ? `line ${first}` : `lines ${first} to ${last}`);
    }
    counts.imported += items.length;
  }

  async #putOne({ line, entry }: Item, counts: ImportCounts): Promise<void> {
    const { bucket, ifAbsent, wallMs } = this.#options;
    const { key, value, expiresAtMs } = entry;
    const ttlMs = expiresAtMs === undefined ? undefined : Math.round(expiresAtMs - wallMs());
    if (ttlMs !== undefined && ttlMs <= 0) {
      counts.expired += 1;
      return;
    }
    const options = ttlMs === undefined ? {} : { ttlMs };
    try {
      const target = bucket(entry.bucket);
      await (ifAbsent ? target.create(key, value, options) : target.put(key, value, options));
      counts.imported += 1;
    } catch (failure) {
      if (!(failure instanceof ConflictError)) throw placed(failure, `line ${line}`);
      counts.existing += 1;
    }
  }
}

function emptyBatch(): Batch {
  return { items: [], bytes: 0, counts: { ...noCounts }, last: undefined, isDone: false };
}

function identityOf({ bucket, key }: ImportedEntry): string {
  return `${bucket}/${byteStringOf(key)}`;
}

function byBucket(items: readonly Item[]): ReadonlyMap<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(item.entry.bucket);
    if (group === undefined) groups.set(item.entry.bucket, [item]);
    else group.push(item);
  }
  return groups;
}

/** The same failure, saying which lines it was about. */
function placed(failure: unknown, where: string): unknown {
  if (!(failure instanceof SynodError)) return failure;
  const { code, message, outcome, retryable, nextStep, cause } = failure;
  return new SynodError(code, `${where}: ${message}`, { outcome, retryable, nextStep, cause });
}
