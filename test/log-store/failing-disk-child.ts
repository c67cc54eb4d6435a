/**
 * A process whose disk begins to fail every flush: changes of many kinds are under way then, and each has to be told
 * once, none may end the process, and the store has to close. Prints how often each was told.
 */
import { rmSync, writeFileSync } from "node:fs";
import { systemRandomness } from "../../infra/randomness/system-randomness.ts";
import { openLmdbLogStore } from "../../infra/log-store/lmdb-log-store.ts";
import type { LogAppend } from "../../machines/record.ts";
import { waitUntil } from "../support/wait-until.ts";

const [directory = "", kinds = ""] = process.argv.slice(2);
const flag = process.env.FAILING_DISK ?? "";
const store = await openLmdbLogStore({
  directory,
  cluster: "c",
  node: "n1",
  randomness: systemRandomness,
  segmentBytes: kinds.includes("rotation") ? 16_384 : 2 ** 20,
});
const entry = new Uint8Array(500);
const told: number[] = [];
let slot = 0;
let succeeded = 0;

function done(): (failure: Error | undefined) => void {
  const index = told.push(0) - 1;
  return (failure) => {
    told[index] = (told[index] ?? 0) + 1;
    if (failure === undefined) succeeded += 1;
  };
}

function append(group: number, more: LogAppend = {}): void {
  slot += 1;
  const ballot = { epoch: 1, round: slot, member: 1 };
  const promise = kinds.includes("promise") ? { promise: ballot } : {};
  const records = [{ epoch: 1, slot, ballot, entry }];
  store.append(`g${group}`, { records, ...promise, ...more }, done());
}

function untilTold(): Promise<void> {
  return waitUntil("everybody was told", () => !told.includes(0));
}

for (let index = 0; index < 40; index++) append(index % 20);
await untilTold();
const before = succeeded;
writeFileSync(flag, "");
for (let turn = 0; turn < 20; turn++) {
  for (let index = 0; index < 20; index++)
    append(index, { chosenThrough: slot, trimThrough: slot - 30 });
  if (kinds.includes("birth")) {
    store.recordBirth(`g${turn}`, { birth: entry, complete: false }, done());
    store.recordPeer({ member: turn, incarnation: 1, start: 1 }, done());
  }
  await new Promise((resolve) => setImmediate(resolve));
}
await untilTold();
append(1);
await untilTold();
const closing = store.close().then(
  () => "closed",
  (error: unknown) => `closing failed: ${String(error)}`,
);
const late = new Promise<string>((resolve) => setTimeout(resolve, 5_000, "close hangs").unref());
const end = await Promise.race([closing, late]);
rmSync(flag);
const wrong = told.filter((times) => times !== 1).length;
console.log(JSON.stringify({ before, succeeded, wrong, end }));
