/** What bringing entries to the disk costs the processor, one append at a time. The wait for the disk does not count. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openLmdbLogStore } from "../../../infra/log-store/lmdb-log-store.ts";
import { systemRandomness } from "../../../infra/randomness/system-randomness.ts";
import type { LogAppend } from "../../../machines/record.ts";
import { putsPerFrame, type MicroCase, type Scale } from "../micro-case.ts";
import { entriesOf, group, putsOf } from "../puts.ts";

export async function journalCases({ others }: Scale, parent: string): Promise<MicroCase[]> {
  mkdirSync(parent, { recursive: true });
  const directory = mkdtempSync(join(parent, "micro-"));
  const randomness = systemRandomness;
  const store = await openLmdbLogStore({ directory, cluster: "micro", node: "n1", randomness });
  const [entry = new Uint8Array(0)] = entriesOf(putsOf(putsPerFrame, 7));
  const ballot = { epoch: 1, round: 1, member: 1 };
  const append = (change: LogAppend): Promise<void> =>
    new Promise((resolve, reject) => {
      store.append(group, change, (failure) =>
        failure === undefined ? resolve() : reject(failure),
      );
    });
  const count = Math.ceil(others / 1000);
  let slot = 0;
  return [
    {
      name: `log: append an entry of ${putsPerFrame} puts`,
      operations: count,
      run: async () => {
        for (let at = 0; at < count; at++) {
          slot += 1;
          await append({ promise: ballot, records: [{ epoch: 1, slot, ballot, entry }] });
        }
        await append({ chosenThrough: slot, trimThrough: slot });
      },
      close: async () => {
        await store.close();
        rmSync(directory, { recursive: true });
      },
    },
  ];
}
