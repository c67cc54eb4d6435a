/**
 * The answers kept under one kind of identity, generation by generation. A generation is closed by its bytes or its
 * age and given up as a whole, both by what was executed alone: all replicas do it at the same request.
 */
import type { RequestId } from "../frame.ts";
import {
  requestBytesMax,
  requestGenerationBytesMax,
  requestGenerationsPerLifetime,
} from "../limits.ts";
import type { Revision } from "../revision.ts";
import type { Cell, InternalKey } from "../state-reader.ts";
import { versionKind, type VersionKind } from "../version.ts";
import { answerAt, RequestGeneration, type FoundAnswer } from "./request-generation.ts";
import { RequestIndex } from "./request-index.ts";

const noBytes = new Uint8Array(0);

export class RequestShelf {
  /** Begins the keys of its cells. */
  readonly #mark: string;
  readonly #lifetime: Revision;
  /** Oldest first; the last one grows. */
  readonly #generations: RequestGeneration[] = [];
  readonly #index = new RequestIndex();
  #bytes = 0;
  /** Cells that a checkpoint may hold of generations that are gone. */
  #buried: InternalKey[] = [];
  #nextNumber = 0;

  constructor(mark: string, lifetime: Revision) {
    this.#mark = mark;
    this.#lifetime = lifetime;
  }

  /** The first revision at which the oldest generation has run out; Infinity without one. */
  get nextExpiry(): Revision {
    const oldest = this.#generations[0];
    return oldest === undefined ? Infinity : oldest.lastRevision + this.#lifetime + 1;
  }

  get full(): boolean {
    return this.#bytes >= requestBytesMax;
  }

  find(identity: RequestId): FoundAnswer | undefined {
    const found = this.#index.find(identity);
    return found && answerAt(found.page.bytes, found.at);
  }

  add(identity: RequestId, answer: Uint8Array, revision: Revision): void {
    const generation = this.#growing(revision);
    const before = generation.bytes;
    generation.add(identity, answer, revision);
    this.#bytes += generation.bytes - before;
  }

  /** Takes the next page of a checkpoint, in the order of their keys. */
  load(key: InternalKey, bytes: Uint8Array, revisionOf: (found: FoundAnswer) => Revision): void {
    const number = numberOf(key);
    let generation = this.#generations.at(-1);
    if (generation?.number !== number) {
      generation = new RequestGeneration(number, this.#index);
      this.#generations.push(generation);
      this.#nextNumber = number + 1;
    }
    generation.load(bytes, revisionOf);
    this.#bytes += bytes.length;
  }

  /** Gives up the oldest generation. */
  dropOldest(): void {
    const oldest = this.#generations.shift();
    if (oldest === undefined) return;
    this.#bytes -= oldest.bytes;
    oldest.close();
    for (const [page, { saved }] of oldest.pages.entries()) {
      if (saved > 0) this.#buried.push(this.#keyOf(oldest, page));
    }
  }

  /** What the next checkpoint has to carry, in the order of its keys. */
  cut(slot: number): Cell[] {
    const cells = this.#buried.map((key) => cell(key, slot, versionKind.tombstone, noBytes, 0));
    this.#buried = [];
    for (const generation of this.#generations) {
      for (const [at, page] of generation.pages.entries()) {
        if (page.saved === page.length) continue;
        page.saved = page.length;
        const key = this.#keyOf(generation, at);
        cells.push(cell(key, slot, versionKind.put, page.bytes, page.length));
      }
    }
    return cells;
  }

  #growing(revision: Revision): RequestGeneration {
    const last = this.#generations.at(-1);
    const span = this.#lifetime / requestGenerationsPerLifetime;
    if (
      last !== undefined &&
      last.bytes < requestGenerationBytesMax &&
      revision - last.firstRevision < span
    ) {
      return last;
    }
    const generation = new RequestGeneration(this.#nextNumber++, this.#index);
    this.#generations.push(generation);
    return generation;
  }

  #keyOf({ number }: RequestGeneration, page: number): InternalKey {
    return this.#mark + bigEndian(number, 6) + bigEndian(page, 2);
  }
}

/** The shelf that a cell belongs to. */
export function markOf(key: InternalKey): string {
  return key.slice(0, 1);
}

function numberOf(key: InternalKey): number {
  let number = 0;
  for (let at = 1; at < 7; at++) number = number * 256 + key.charCodeAt(at);
  return number;
}

function bigEndian(value: number, width: number): string {
  let text = "";
  for (let rest = value, at = 0; at < width; at++) {
    text = String.fromCharCode(rest % 256) + text;
    rest = Math.floor(rest / 256);
  }
  return text;
}

function cell(
  key: InternalKey,
  slot: number,
  kind: VersionKind,
  source: Uint8Array,
  end: number,
): Cell {
  return { key, version: { revision: slot, kind, expiresAt: 0, source, start: 0, end } };
}
