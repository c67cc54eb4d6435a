/** Cuts a promise's records into messages the transport can carry. */
import type { Promised } from "../messages.ts";
import type { LogRecord } from "../record.ts";

/** What a record adds to a message beside its entry: slot, ballot and framing, generously. */
const recordOverheadBytes = 64;

/** At least one chunk, also without records; a record larger than the limit travels alone. */
export function chunksOf(
  cut: Pick<Promised, "ballot" | "cut" | "fromSlot" | "compactedThrough" | "chosenThrough">,
  records: readonly LogRecord[],
  bytesMax: number,
): readonly Promised[] {
  const groups: LogRecord[][] = [[]];
  let bytes = 0;
  for (const record of records) {
    const size = record.entry.length + recordOverheadBytes;
    let group = groups.at(-1) ?? [];
    if (group.length > 0 && bytes + size > bytesMax) {
      group = [];
      groups.push(group);
      bytes = 0;
    }
    group.push(record);
    bytes += size;
  }
  return groups.map((group, index) => ({
    type: "promised",
    ...cut,
    chunk: index + 1,
    chunks: groups.length,
    records: group,
  }));
}
