/**
 * A process that changes a log without pause until it is killed: many appends are under way, files are rotated and
 * settled in between. Writes a line before each append, and one when it is durable.
 */
import { openSync, writeSync } from "node:fs";
import { systemRandomness } from "../../infra/randomness/system-randomness.ts";
import { openLmdbLogStore } from "../../infra/log-store/lmdb-log-store.ts";
import type { LogAppend, LogRecord } from "../../machines/record.ts";

const [directory = "", history = ""] = process.argv.slice(2);
const file = openSync(history, "a");
const say = (line: unknown): void => void writeSync(file, `${JSON.stringify(line)}\n`);

say("opens");
const store = await openLmdbLogStore({
  directory,
  cluster: "c",
  node: "n1",
  randomness: systemRandomness,
  segmentBytes: 4 * 4096,
});
const below = (limit: number): number => Math.floor(Math.random() * limit);
let round = store.identity.incarnation * 100_000;

const groups = ["g0", "g1", "g2", "rare"].map((name) => {
  const { chosenThrough, trimmedThrough } = store.load(name);
  const slots = store.read(name, 1, 0, Number.MAX_SAFE_INTEGER, Infinity).map(({ slot }) => slot);
  return { name, chosenThrough, trimmedThrough, newest: Math.max(trimmedThrough, ...slots) };
});

function record(slot: number): LogRecord {
  const bytes = below(20) === 0 ? below(20_000) : below(200);
  const entry = Buffer.from(`${slot} in ${round} `.padEnd(bytes, "."));
  return { epoch: 1, slot, ballot: { epoch: 1, round, member: 7 }, entry };
}

function append(): void {
  const group = groups[below(50) === 0 ? 3 : below(3)];
  if (group === undefined) return;
  round += 1;
  let change: LogAppend = {};
  const replaced = group.trimmedThrough + 1 + below(5);
  if (below(10) === 0 && replaced <= group.newest) change = { records: [record(replaced)] };
  else change = { records: Array.from({ length: below(3) }, () => record((group.newest += 1))) };
  if (below(10) === 0) change = { ...change, promise: { epoch: 1, round, member: 7 } };
  if (below(4) === 0 && group.newest > 0) {
    group.chosenThrough = Math.max(group.chosenThrough, group.newest - below(4));
    change = { ...change, chosenThrough: group.chosenThrough };
  }
  const trimmed = group.chosenThrough - below(20);
  if (group.name !== "rare" && below(6) === 0 && trimmed > group.trimmedThrough) {
    group.trimmedThrough = trimmed;
    change = { ...change, trimThrough: trimmed };
  }
  const { records = [], promise, chosenThrough, trimThrough } = change;
  const told = records.map(({ slot, entry }) => [slot, Buffer.from(entry).toString()]);
  say({ group: group.name, records: told, promise: promise?.round, chosenThrough, trimThrough });
  store.append(group.name, change, (failure) => {
    if (failure !== undefined) throw failure;
    say("durable");
    setImmediate(append);
  });
}

for (let lane = 0; lane < 12; lane++) append();
