/** Finding a position (key, revision) within one block of cells. */
import type { Revision } from "../../kv/revision.ts";
import type { BlockBytes } from "./block-device.ts";
import { cellCount, offsetAt } from "./block-format.ts";
import { revisionOf, storedKeyBytes, storedKeyStart } from "./cell-format.ts";
import type { SearchKey } from "./stored-key.ts";

/** The first cell at or behind the position (key, revision); the number of cells if all lie before it. */
export function firstAtOrBehind(block: BlockBytes, key: SearchKey, revision: Revision): number {
  const count = cellCount(block);
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const cell = cellAt(block, count, middle);
    if (comparePosition(block.view, cell, key, revision) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The offset of a cell in its block. */
export function cellAt(block: BlockBytes, count: number, position: number): number {
  return block.view.getUint16(offsetAt(block.bytes.length, count, position), true);
}

export function hasKey(view: DataView, cell: number, key: SearchKey): boolean {
  const start = storedKeyStart(view, cell);
  return key.compareWith(view, start, start + storedKeyBytes(view, cell)) === 0;
}

/** Within a key newer versions come first, so a higher revision is an earlier position. */
function comparePosition(view: DataView, cell: number, key: SearchKey, revision: Revision): number {
  const start = storedKeyStart(view, cell);
  const byKey = key.compareWith(view, start, start + storedKeyBytes(view, cell));
  return byKey === 0 ? revision - revisionOf(view, cell) : byKey;
}
