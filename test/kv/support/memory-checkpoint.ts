/**
 * A checkpoint as simple as it can be: every cell of every cut in sorted lists. It can drop what a store may drop,
 * or keep everything, so that tests see that no answer depends on it.
 */
import type { CheckpointCut, CutCell } from "../../../kv/checkpoint.ts";
import type { Revision } from "../../../kv/revision.ts";
import {
  keepsHistory,
  space,
  type Cell,
  type CellCursor,
  type HistoryRange,
  type InternalKey,
  type Space,
  type StateReader,
} from "../../../kv/state-reader.ts";
import { versionKind, type Version } from "../../../kv/version.ts";

type Keys = Map<InternalKey, Version[]>;

/** A cut read out completely, before it becomes valid. */
export interface WrittenCut {
  readonly watermark: Revision;
  readonly cells: ReadonlyMap<Space, readonly Cell[]>;
}

export function readOut(cut: CheckpointCut): WrittenCut {
  const read = new Map<Space, Cell[]>();
  for (const of of Object.values(space)) {
    const list: Cell[] = [];
    const cells = cut.cells(of);
    for (let cell = cells.next(); cell !== undefined; cell = cells.next()) {
      list.push({ key: cell.key, version: versionOf(cell) });
    }
    read.set(of, list);
  }
  return { watermark: cut.watermark, cells: read };
}

/** The version a lent cell shows. */
export function versionOf({ revision, kind, expiresAt, bytes, start, end }: CutCell): Version {
  const source = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { revision, kind, expiresAt, source, start, end };
}

export class MemoryCheckpoint implements StateReader {
  readonly #spaces = new Map<Space, Keys>(Object.values(space).map((of) => [of, new Map()]));
  readonly #dropsGarbage: boolean;

  constructor(dropsGarbage: boolean) {
    this.#dropsGarbage = dropsGarbage;
  }

  /** Makes the cut part of the checkpoint. */
  add({ cells, watermark }: WrittenCut): void {
    for (const [of, list] of cells) {
      const keys = this.#keys(of);
      for (const { key, version } of list) {
        const versions = keys.get(key) ?? [];
        // Newest first; a cut's version of the same revision replaces what was there.
        versions.push(version);
        versions.sort((left, right) => right.revision - left.revision);
        keys.set(key, versions);
      }
      if (this.#dropsGarbage) dropGarbage(of, keys, watermark);
    }
  }

  find(from: Space, key: InternalKey, atOrBelow: Revision): Version | undefined {
    return this.#keys(from)
      .get(key)
      ?.find(({ revision }) => revision <= atOrBelow);
  }

  scan(
    from: Space,
    start: InternalKey,
    end: InternalKey | undefined,
    reverse: boolean,
  ): CellCursor {
    const keys = [...this.#keys(from)]
      .filter(([key]) => key >= start && (end === undefined || key < end))
      .toSorted(([left], [right]) => (left < right ? -1 : 1));
    if (reverse) keys.reverse();
    const cells = keys.flatMap(([key, versions]) => versions.map((version) => ({ key, version })));
    return cursorOver(cells);
  }

  history(from: Space, { start, end, below }: HistoryRange): CellCursor {
    const all = this.scan(from, start, end, false);
    const cells: Cell[] = [];
    for (let cell = all.next(); cell !== undefined; cell = all.next()) {
      if (cell.key !== start || cell.version.revision < below) cells.push(cell);
    }
    return cursorOver(cells);
  }

  /** How many cells a space holds. */
  count(of: Space): number {
    return [...this.#keys(of).values()].reduce((sum, versions) => sum + versions.length, 0);
  }

  #keys(of: Space): Keys {
    const keys = this.#spaces.get(of);
    if (keys === undefined) throw new Error(`no space ${of}`);
    return keys;
  }
}

function cursorOver(cells: readonly Cell[]): CellCursor {
  let at = 0;
  return {
    next: () => cells[at++],
    nextKey() {
      const left = cells[at - 1]?.key;
      while (at < cells.length && cells[at]?.key === left) at += 1;
      return cells[at++];
    },
  };
}

/** Drops what a newer version at or below the watermark shadows, and tombstones nothing is left below. */
function dropGarbage(of: Space, keys: Keys, watermark: Revision): void {
  for (const [key, versions] of keys) {
    const shadowing = keepsHistory(of)
      ? versions.findIndex(({ revision }) => revision <= watermark)
      : 0;
    const kept = shadowing < 0 ? versions : versions.slice(0, shadowing + 1);
    const oldest = kept.at(-1);
    const dead = oldest?.kind === versionKind.tombstone;
    if (dead && (!keepsHistory(of) || oldest.revision <= watermark)) kept.pop();
    if (kept.length === 0) keys.delete(key);
    else keys.set(key, kept);
  }
}
