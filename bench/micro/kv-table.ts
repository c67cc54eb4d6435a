/**
 * What a put and a point read cost in the ordered table, beside the same table with a hash table for point lookups.
 * Run compiled, in plain Node: `node kv-table.js [rounds]`. CPU time in microseconds per operation, garbage
 * collection included: the median and the range over all rounds, the candidates interleaved.
 */
import { newest } from "../../kv/revision.ts";
import { OrderedTable } from "../../kv/table/ordered-table.ts";
import { versionKind } from "../../kv/version.ts";

const rounds = Number(process.argv[2] ?? 7);
const value = new Uint8Array(128);

let seed = 7;
function random(below: number): number {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return (seed >>> 0) % below;
}

interface Candidate {
  put(key: string, revision: number): void;
  has(key: string): boolean;
}

class Ordered implements Candidate {
  readonly #table = new OrderedTable(true, 256);

  put(key: string, revision: number): void {
    this.#table.put(key, revision, versionKind.put, 0, value, 0, value.length);
  }

  has(key: string): boolean {
    return this.#table.find(key, newest) !== undefined;
  }
}

/** The order only learns of new keys; versions hang off the hash table. */
class HashedAndOrdered implements Candidate {
  readonly #order = new OrderedTable(true, 256);
  readonly #newest = new Map<string, { readonly revision: number; readonly older: unknown }>();

  put(key: string, revision: number): void {
    const older = this.#newest.get(key);
    if (older === undefined) this.#order.put(key, revision, versionKind.put, 0, value, 0, 128);
    this.#newest.set(key, { revision, older });
  }

  has(key: string): boolean {
    return this.#newest.has(key);
  }
}

/** No order at all: what the hash table alone costs. */
class Hashed implements Candidate {
  readonly #newest = new Map<string, { readonly revision: number; readonly older: unknown }>();

  put(key: string, revision: number): void {
    this.#newest.set(key, { revision, older: this.#newest.get(key) });
  }

  has(key: string): boolean {
    return this.#newest.has(key);
  }
}

const samples = new Map<string, number[]>();

function measure(name: string, operations: number, work: () => void): void {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  const list = samples.get(name) ?? [];
  list.push((user + system) / operations);
  samples.set(name, list);
}

function run(name: string, candidate: Candidate, keys: Buffer, keyLength: number): void {
  const count = keys.length / keyLength;
  // Every key is a fresh string, as a decoder makes it: nothing is interned, no hash is known.
  const key = (at: number) => keys.toString("latin1", at * keyLength, (at + 1) * keyLength);
  measure(`put, ${name}, ${count} keys`, count, () => {
    for (let at = 0; at < count; at++) candidate.put(key(at), at + 1);
  });
  let found = 0;
  measure(`get, ${name}, ${count} keys`, count, () => {
    for (let at = 0; at < count; at++) if (candidate.has(key((at * 7919) % count))) found++;
  });
  if (found !== count) throw new Error(`${name} found ${found} of ${count}`);
}

for (let round = 0; round < rounds; round++) {
  for (const count of [100_000, 300_000]) {
    const texts = Array.from(
      { length: count },
      () => `default\0user:${String(random(1_000_000)).padStart(12, "0")}`,
    );
    const keys = Buffer.from(texts.join(""), "latin1");
    const keyLength = keys.length / count;
    run("ordered", new Ordered(), keys, keyLength);
    run("hashed and ordered", new HashedAndOrdered(), keys, keyLength);
    run("hashed only", new Hashed(), keys, keyLength);
  }
}
for (const [name, list] of [...samples].toSorted(([left], [right]) => (left < right ? -1 : 1))) {
  list.sort((left, right) => left - right);
  const shown = [list[list.length >>> 1], list[0], list.at(-1)].map((us) => us?.toFixed(2));
  console.log(`${name.padEnd(40)} ${shown[0]} us  (${shown[1]} - ${shown[2]})`);
}
