/** The one object in which a walk over a cut shows cell after cell: an object for each would be most of its cost. */
import type { CutCell, CutCells } from "../checkpoint.ts";
import type { Revision } from "../revision.ts";
import type { Cell, InternalKey } from "../state-reader.ts";
import { versionKind, type VersionKind } from "../version.ts";

const noBytes = new DataView(new ArrayBuffer(0));

export class ShownCell implements CutCell {
  key: InternalKey = "";
  revision: Revision = 0;
  kind: VersionKind = versionKind.put;
  expiresAt: Revision = 0;
  bytes: DataView = noBytes;
  start = 0;
  end = 0;
}

/** Walks cells that are objects of their own already: there are few of them. */
export class ListedCells implements CutCells {
  readonly #cells: Iterator<Cell>;
  readonly #shown = new ShownCell();

  constructor(cells: Iterable<Cell>) {
    this.#cells = cells[Symbol.iterator]();
  }

  next(): CutCell | undefined {
    const next = this.#cells.next();
    if (next.done === true) return undefined;
    const { key, version } = next.value;
    const shown = this.#shown;
    shown.key = key;
    shown.revision = version.revision;
    shown.kind = version.kind;
    shown.expiresAt = version.expiresAt;
    shown.bytes = viewOf(version.source);
    shown.start = version.start;
    shown.end = version.end;
    return shown;
  }
}

export function viewOf(source: Uint8Array): DataView {
  return new DataView(source.buffer, source.byteOffset, source.byteLength);
}
