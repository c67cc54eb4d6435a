/**
 * The measurement behind the layout of applied state: what it costs to bring 100,000 updated keys, out of a million
 * with values of 128 B, to the disk, and to read them afterwards. CPU time of the whole process, bytes as the kernel
 * counts what is written to the disk. Run compiled, in plain Node: `node state-layout.js [rounds] [directory]`.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { open } from "lmdb";
import { systemClock } from "../infra/clock/system-clock.ts";
import { openStateStore } from "../infra/state-store/lmdb-state-store.ts";
import type { GroupStateStore } from "../infra/state-store/state-store.ts";
import { newest } from "../kv/revision.ts";
import { space } from "../kv/state-reader.ts";
import { ListedCells } from "../kv/state/shown-cell.ts";
import { OrderedTable } from "../kv/table/ordered-table.ts";
import { versionKind } from "../kv/version.ts";

const [roundsText = "5", parent = ".synod"] = process.argv.slice(2);
const rounds = Number(roundsText);
const baseKeys = 1_000_000;
const updates = 100_000;
const valueBytes = 128;
const source = new Uint8Array(valueBytes).fill(0x61);
const pointReads = 20_000;
const ranges = 500;
const rowsPerRange = 100;

interface Layout {
  readonly name: string;
  /** Brings the updates to the disk; when it resolves they are durable, and nothing goes on in the background. */
  write(keys: readonly string[]): Promise<void>;
  read(key: string): boolean;
  /** Rows found from the key on. */
  range(start: string, rows: number): number;
  close(): Promise<void>;
}

function keyOf(number: number): string {
  return `default\0user:${String(number).padStart(8, "0")}`;
}

/** One put per record, all of them in one durable transaction. */
class PerRecord implements Layout {
  readonly name: string;
  readonly #sorted: boolean;
  readonly #database;

  constructor(directory: string, sorted: boolean) {
    this.name = sorted ? "LMDB, a put per record, sorted" : "LMDB, a put per record, as they come";
    this.#sorted = sorted;
    this.#database = open<Buffer, Buffer>({
      path: join(directory, sorted ? "sorted" : "random"),
      encoding: "binary",
      keyEncoding: "binary",
      overlappingSync: false,
      mapSize: 2 ** 33,
    });
  }

  async write(keys: readonly string[]): Promise<void> {
    const ordered = this.#sorted ? keys.toSorted() : keys;
    const database = this.#database;
    await database.transaction(() => {
      for (const key of ordered) void database.put(Buffer.from(key, "latin1"), record());
    });
  }

  read(key: string): boolean {
    return this.#database.getBinaryFast(Buffer.from(key, "latin1")) !== undefined;
  }

  range(start: string, rows: number): number {
    let found = 0;
    const query = { start: Buffer.from(start, "latin1"), limit: rows };
    for (const { value } of this.#database.getRange(query)) if (value.length > 0) found += 1;
    return found;
  }

  async close(): Promise<void> {
    await this.#database.close();
  }
}

/** A revision, an expiry and the value, as any layout has to keep them. */
function record(): Buffer {
  return Buffer.alloc(16 + valueBytes, source);
}

/** What the state store does: sorted runs in blocks, merged in the background. */
class Runs implements Layout {
  readonly name = "runs of blocks over LMDB";
  readonly #store;
  readonly #group: GroupStateStore;
  #revision = 0;
  #slot = 0;

  constructor(directory: string) {
    this.#store = openStateStore({
      directory: join(directory, "runs"),
      owner: "bench",
      clock: systemClock,
    });
    this.#group = this.#store.group("g1");
  }

  /** Includes building the ordered table, which every replica has anyway. */
  async write(keys: readonly string[]): Promise<void> {
    const table = new OrderedTable(true, keys.length);
    for (const key of keys) {
      this.#revision += 1;
      table.put(key, this.#revision, versionKind.put, 0, source, 0, valueBytes);
    }
    this.#slot += 1;
    // Older versions may go at once, as in LMDB, which keeps none.
    const numbers = { appliedThrough: this.#slot, lastRevision: this.#revision };
    const group = this.#group;
    await done((callback) =>
      group.write(
        {
          ...numbers,
          watermark: this.#revision,
          cells: (of) => (of === space.data ? table.cells() : new ListedCells([])),
        },
        callback,
      ),
    );
    await done((callback) => group.switchTo(this.#slot, callback));
    await this.#mergesEnd();
  }

  get merges(): number {
    return this.#group.statistics().merges;
  }

  read(key: string): boolean {
    return this.#group.find(space.data, key, newest) !== undefined;
  }

  /** Of each key only the newest version counts as a row. */
  range(start: string, rows: number): number {
    const cursor = this.#group.scan(space.data, start, undefined, false);
    let found = 0;
    let last = "";
    while (found < rows) {
      const cell = cursor.next();
      if (cell === undefined) break;
      if (cell.key !== last) found += 1;
      last = cell.key;
    }
    return found;
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** Nothing tells when a merge is over but that nothing uses the processor any more. */
  async #mergesEnd(): Promise<void> {
    for (let quiet = 0; quiet < 3;) {
      const before = process.cpuUsage();
      await new Promise<void>((resolve) => systemClock.after(50, resolve));
      const { user, system } = process.cpuUsage(before);
      quiet = user + system < 5_000 ? quiet + 1 : 0;
    }
  }
}

function done(begin: (callback: (failure: Error | undefined) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    begin((failure) => (failure === undefined ? resolve() : reject(failure)));
  });
}

/** Bytes this process has caused to be written to disks. Linux only. */
function bytesWritten(): number {
  return Number(/^write_bytes: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
}

interface Cost {
  readonly writeUs: number;
  readonly bytesPerByte: number;
  readonly pointUs: number;
  readonly rowUs: number;
}

async function measure(layout: Layout, keys: readonly string[]): Promise<Cost> {
  const bytesBefore = bytesWritten();
  const began = process.cpuUsage();
  await layout.write(keys);
  const writeUs = cpuSince(began) / keys.length;
  const logicalBytes = keys.length * (keyOf(0).length + 16 + valueBytes);
  const bytesPerByte = (bytesWritten() - bytesBefore) / logicalBytes;

  const beganPoints = process.cpuUsage();
  for (let count = 0; count < pointReads; count++) {
    if (!layout.read(randomKey())) throw new Error(`${layout.name}: a key is lost`);
  }
  const pointUs = cpuSince(beganPoints) / pointReads;

  const beganRanges = process.cpuUsage();
  let rows = 0;
  for (let count = 0; count < ranges; count++) rows += layout.range(randomKey(), rowsPerRange);
  return { writeUs, bytesPerByte, pointUs, rowUs: cpuSince(beganRanges) / rows };
}

function cpuSince(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began);
  return user + system;
}

function randomKey(): string {
  return keyOf(Math.floor(Math.random() * baseKeys));
}

async function load(layout: Layout): Promise<void> {
  for (let from = 0; from < baseKeys; from += updates) {
    await layout.write(Array.from({ length: updates }, (_, at) => keyOf(from + at)));
  }
}

mkdirSync(parent, { recursive: true });
const directory = mkdtempSync(join(parent, "state-layout-"));
const runs = new Runs(directory);
const layouts: readonly Layout[] = [
  new PerRecord(directory, false),
  new PerRecord(directory, true),
  runs,
];
for (const layout of layouts) await load(layout);
const mergesBefore = runs.merges;
const costs = new Map<string, Cost[]>();
for (let round = 0; round < rounds; round++) {
  const keys = [...new Set(Array.from({ length: updates }, randomKey))];
  for (const layout of layouts) {
    costs.set(layout.name, [...(costs.get(layout.name) ?? []), await measure(layout, keys)]);
  }
}
console.log(`${rounds} rounds; the runs were merged ${runs.merges - mergesBefore} times in them`);
console.log("median (lowest - highest): us per record, bytes per byte, us per point read, per row");
for (const [name, measured] of costs) {
  const text = (["writeUs", "bytesPerByte", "pointUs", "rowUs"] as const).map((figure) => {
    const values = measured.map((cost) => cost[figure]).sort((left, right) => left - right);
    const [low = 0, middle = 0, high = 0] = [values[0], values[values.length >>> 1], values.at(-1)];
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return `${middle.toFixed(2)} (${low.toFixed(2)} - ${high.toFixed(2)}, mean ${mean.toFixed(2)})`;
  });
  console.log([name.padEnd(38), ...text].join(" | "));
}
for (const layout of layouts) await layout.close();
rmSync(directory, { recursive: true, force: true });
