/** Cuts made of plain lists of cells, and versions that are easy to write down and to compare. */
import type { Cell, CellCursor, Space } from "../../kv/state-reader.ts";
import { ListedCells } from "../../kv/state/shown-cell.ts";
import { versionKind, type Version } from "../../kv/version.ts";
import type { CheckpointCut } from "../../infra/state-store/state-store.ts";

export interface PlainCell {
  readonly of: Space;
  readonly key: string;
  readonly revision: number;
  /** Undefined: a tombstone. */
  readonly value: string | undefined;
  readonly expiresAt: number;
}

export function put(
  of: Space,
  key: string,
  revision: number,
  value: string,
  expiresAt = 0,
): PlainCell {
  return { of, key, revision, value, expiresAt };
}

export function tombstone(of: Space, key: string, revision: number): PlainCell {
  return { of, key, revision, value: undefined, expiresAt: 0 };
}

export interface CutNumbers {
  readonly appliedThrough: number;
  readonly watermark?: number;
}

/** A cut of these cells, in any order. Its last revision is the highest among them, or else its slot. */
export function cutOf(numbers: CutNumbers, cells: readonly PlainCell[]): CheckpointCut {
  const sorted = [...cells].sort(
    (left, right) => compare(left.key, right.key) || right.revision - left.revision,
  );
  return {
    appliedThrough: numbers.appliedThrough,
    lastRevision: Math.max(numbers.appliedThrough, ...cells.map((cell) => cell.revision)),
    watermark: numbers.watermark ?? 0,
    cells: (of) => new ListedCells(sorted.filter((cell) => cell.of === of).map(cellOf)),
  };
}

function cellOf(plain: PlainCell): Cell {
  // Away from the start and the end of its source, so that a confused offset shows.
  const source = Buffer.from(`<${plain.value ?? ""}>`, "latin1");
  const { key, revision, expiresAt } = plain;
  const kind = plain.value === undefined ? versionKind.tombstone : versionKind.put;
  return {
    key,
    version: { revision, kind, expiresAt, source, start: 1, end: source.length - 1 },
  };
}

export function valueOf(version: Version): string | undefined {
  if (version.kind === versionKind.tombstone) return undefined;
  const { source, start, end } = version;
  return Buffer.from(source.buffer, source.byteOffset, source.length).toString(
    "latin1",
    start,
    end,
  );
}

export function plainVersion(
  version: Version | undefined,
): Omit<PlainCell, "of" | "key"> | undefined {
  if (version === undefined) return undefined;
  return { revision: version.revision, value: valueOf(version), expiresAt: version.expiresAt };
}

export function allCells(of: Space, cursor: CellCursor): PlainCell[] {
  const cells: PlainCell[] = [];
  for (let cell = cursor.next(); cell !== undefined; cell = cursor.next()) {
    const { revision, expiresAt } = cell.version;
    cells.push({ of, key: cell.key, revision, value: valueOf(cell.version), expiresAt });
  }
  return cells;
}

/** `a@3 a@1 b@2`: which versions, in which order. */
export function names(cells: readonly PlainCell[]): string {
  return cells.map((cell) => `${cell.key}@${cell.revision}`).join(" ");
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
