/**
 * The region table of the whole cluster: which group owns which keys. It is part of the applied state of group `meta`
 * and changes only through its log; other groups hold an empty one, and go by their own regions.
 */
import type { Region } from "./regions.ts";

export interface DirectoryEntry extends Region {
  readonly group: string;
}

export interface Directory {
  /** Raised by every change. */
  readonly version: number;
  /** By start, without gaps. */
  readonly regions: readonly DirectoryEntry[];
}

export const emptyDirectory: Directory = { version: 0, regions: [] };
