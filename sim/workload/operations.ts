/** Draws what a client does next: every kind of operation, on few keys, with values that tell writes apart. */
import type { ReadRequest, WriteRequest } from "../../infra/codec/request-encoder.ts";
import type { SeededRandomness } from "../../infra/randomness/seeded-randomness.ts";
import { linearizable, quorum, stale, type Freshness } from "../../client/core/freshness.ts";
import {
  absent,
  checkKind,
  expectNothing,
  operationKind,
  type Check,
  type Expectation,
  type Increment,
  type Put,
} from "../../kv/commands/operation.ts";
import { newest, type Revision } from "../../kv/revision.ts";

/** Undefined freshness means a write. */
export interface Drawn {
  readonly operation: WriteRequest | ReadRequest;
  readonly freshness: Freshness | undefined;
}

const shortTtlMs = 400;
/** Of the increments, those of a counter that has a time to live. */
const fleetingChance = 0.15;
/** Where an increment finds no such counter it makes one that stays: so it is put that often instead. */
const fleetingPutChance = 0.4;
/** Keys that a range spans, beside those that lie next to them. */
const rangeKeysMax = 6;
/** Operations on a key that is among the few for which clients compete. */
const contendedChance = 0.1;
const contendedKeys = 4;

/** Beside each key lies a counter, and a neighbour that transactions write together with the key. */
export function counterBeside(key: string): string {
  return `${key}=`;
}

/** Another, which is put for a while, and counts on from there for as long as it lives. */
export function fleetingCounterBeside(key: string): string {
  return `${key}~`;
}

export function neighbourOf(key: string): string {
  return `${key}-`;
}

export class Operations {
  readonly #owner: string;
  readonly #keys: readonly string[];
  readonly #randomness: SeededRandomness;
  /** The newest revision met of each key. */
  readonly #revisions: ReadonlyMap<string, Revision>;
  /** Tells numbers that it writes from those of other clients. */
  readonly #ownDigits: number;
  #issued = 0;

  constructor(
    owner: string,
    keys: readonly string[],
    randomness: SeededRandomness,
    revisions: ReadonlyMap<string, Revision>,
  ) {
    this.#owner = owner;
    this.#ownDigits = Array.from(owner).reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
    this.#keys = keys;
    this.#randomness = randomness;
    this.#revisions = revisions;
  }

  next(): Drawn {
    const lot = this.#randomness.below(100);
    if (lot < 14) return write(this.#put(this.#key(), expectNothing));
    if (lot < 19) return write(this.#conditionalPut());
    if (lot < 23) return write(this.#delete());
    if (lot < 29) return write(this.#count(this.#key()));
    if (lot < 33) return write(this.#transaction());
    if (lot < 34) return write(this.#deleteRange());
    if (lot < 74) return read(this.#get(this.#key()), linearizable);
    if (lot < 86) return read(this.#get(counterBeside(this.#key())), linearizable);
    if (lot < 88) return read(this.#get(this.#key()), quorum);
    if (lot < 95) return read(this.#get(this.#key()), stale(0, 0));
    return read(this.#range(), linearizable);
  }

  /** Of one who only looks. */
  nextRead(): Drawn {
    return read(this.#get(this.#key()), this.#randomness.chance(0.7) ? quorum : linearizable);
  }

  #key(): string {
    const { length } = this.#keys;
    const among = this.#randomness.chance(contendedChance)
      ? Math.min(contendedKeys, length)
      : length;
    // Evenly over all keys, so that every region has some that are contended.
    const at = Math.floor((this.#randomness.below(among) * length) / among);
    return this.#keys[at] ?? "";
  }

  /** No other operation of the whole run writes the same bytes. */
  #put(key: string, expectation: Expectation): Put {
    this.#issued += 1;
    const source = Buffer.from(`${this.#owner}:${this.#issued}`);
    const ttlMs = this.#randomness.chance(0.1) ? shortTtlMs : 0;
    const { put: kind } = operationKind;
    return { kind, key, source, start: 0, end: source.length, ttlMs, expectation };
  }

  /** Mostly what the key really is, sometimes what it was, sometimes that it is not there. */
  #conditionalPut(): Put {
    const key = this.#key();
    const creates = this.#randomness.chance(0.2);
    return this.#put(key, creates ? absent : (this.#revisions.get(key) ?? absent));
  }

  #delete(): WriteRequest {
    const key = this.#key();
    const known = this.#revisions.get(key) ?? expectNothing;
    const expectation = this.#randomness.chance(0.3) && known !== absent ? known : expectNothing;
    return { kind: operationKind.delete, key, expectation };
  }

  #count(key: string): WriteRequest {
    if (!this.#randomness.chance(fleetingChance)) return this.#increment(key);
    const fleeting = fleetingCounterBeside(key);
    if (!this.#randomness.chance(fleetingPutChance)) {
      return { ...this.#increment(key), key: fleeting };
    }
    this.#issued += 1;
    // So far apart that increments of one put do not reach the next.
    const source = Buffer.from(`${this.#ownDigits}${String(this.#issued).padStart(6, "0")}000`);
    const { put: kind } = operationKind;
    const ttlMs = shortTtlMs;
    const range = { source, start: 0, end: source.length };
    return { kind, key: fleeting, ...range, ttlMs, expectation: expectNothing };
  }

  #increment(key: string): Increment {
    const delta = 1 + this.#randomness.below(3);
    return { kind: operationKind.increment, key: counterBeside(key), delta };
  }

  /** A key and its neighbour, sometimes with a counter, sometimes on a condition: all of it or nothing. */
  #transaction(): WriteRequest {
    const key = this.#key();
    const revision = this.#revisions.get(key);
    const isChecked = this.#randomness.chance(0.4) && revision !== undefined;
    const checks: Check[] = isChecked ? [{ kind: checkKind.revision, key, revision }] : [];
    const puts = [
      this.#put(key, expectNothing),
      { ...this.#put(neighbourOf(key), expectNothing), ttlMs: 0 },
    ];
    const counts = this.#randomness.chance(0.5) ? [this.#increment(key)] : [];
    return { kind: operationKind.transaction, checks, operations: [...puts, ...counts] };
  }

  #deleteRange(): WriteRequest {
    const { start, end } = this.#bounds();
    const limit = this.#randomness.below(3);
    return { kind: operationKind.deleteRange, start, end, limit, cursor: undefined };
  }

  #get(key: string): ReadRequest {
    return { kind: operationKind.get, key, at: newest };
  }

  #range(): ReadRequest {
    const { start, end } = this.#bounds();
    const reverse = this.#randomness.chance(0.5);
    const { range: kind } = operationKind;
    return {
      kind,
      start,
      end,
      limit: 5,
      reverse,
      keysOnly: false,
      at: newest,
      cursor: undefined,
    };
  }

  /** Mostly one key and what lies beside it, sometimes over several keys and the bounds of regions. */
  #bounds(): { readonly start: string; readonly end: string } {
    const first = this.#randomness.below(this.#keys.length);
    const start = this.#keys[first] ?? "";
    const end = this.#keys[first + 1 + this.#randomness.below(rangeKeysMax)];
    if (this.#randomness.chance(0.4) && end !== undefined) return { start, end };
    return { start, end: `${start}\xff` };
  }
}

function write(operation: WriteRequest): Drawn {
  return { operation, freshness: undefined };
}

function read(operation: ReadRequest, freshness: Freshness): Drawn {
  return { operation, freshness };
}
