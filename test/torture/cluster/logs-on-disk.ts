/** What killed nodes have on their disks, held against what was chosen. */
import { openLmdbLogStore } from "../../../infra/log-store/lmdb-log-store.ts";
import { systemRandomness } from "../../../infra/randomness/system-randomness.ts";
import { sameEntry } from "../../../machines/record.ts";
import { Violation } from "../../../sim/violation.ts";

const epoch = 1;

export interface KilledNode {
  readonly cluster: string;
  readonly node: string;
  readonly dataDirectory: string;
}

/** Answers how many records were compared; `chosen` is what the node had applied of each group, from slot 1. */
export async function compareLog(
  { cluster, node, dataDirectory: directory }: KilledNode,
  chosen: ReadonlyMap<string, readonly Uint8Array[]>,
): Promise<number> {
  const store = await openLmdbLogStore({ directory, cluster, node, randomness: systemRandomness });
  let compared = 0;
  try {
    for (const [group, entries] of chosen) {
      const { trimmedThrough } = store.load(group);
      const records = store.read(group, epoch, trimmedThrough + 1, entries.length, Infinity);
      if (records.length !== entries.length - trimmedThrough) {
        const text = `${node} holds ${records.length} records of ${group} behind slot ${trimmedThrough}, and has applied ${entries.length}`;
        throw new Violation("what was applied is in the log", text);
      }
      for (const { slot, entry } of records) {
        const other = entries[slot - 1];
        if (other !== undefined && sameEntry(other, entry)) continue;
        const text = `${node} holds another entry than was chosen in slot ${slot} of ${group}`;
        throw new Violation("one value is chosen per slot", text);
      }
      compared += records.length;
    }
  } finally {
    await store.close();
  }
  return compared;
}
