/** A region as people write it: from one `bucket/key` to the next. */
import { regionBoundText } from "../../infra/codec/region-bound.ts";
import type { InternalKey } from "../../kv/state-reader.ts";

export function startText(start: InternalKey): string {
  return start === "" ? "(first key)" : regionBoundText(start);
}

export function endText(end: InternalKey | undefined): string {
  return end === undefined ? "(last key)" : regionBoundText(end);
}
