/**
 * What inspection costs one actor for each event it handles: while nobody looks, and while somebody does. Run
 * compiled, in plain Node: `node inspection.js [rounds] [events]`. Kinds take turns; median and range of the CPU time
 * over all rounds, in nanoseconds per event. The event is the cheapest there is, so that what is added shows.
 */
import { Actor, type HostOptions } from "../../actors/actor.ts";
import { Dispatcher } from "../../actors/dispatcher.ts";
import { Inspection } from "../../actors/inspection/inspection.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { checkpointerActor } from "../../machines/checkpointer/checkpointer-rules.ts";
import {
  Checkpointer,
  type CheckpointerEffect,
  type CheckpointerEvent,
} from "../../machines/checkpointer/checkpointer-memory.ts";

const [roundsText = "15", eventsText = "300000"] = process.argv.slice(2);
const rounds = Number(roundsText);
const events = Number(eventsText);

let published = 0;
const inspection = new Inspection({
  node: "n1",
  start: 1,
  prefix: "synod",
  clock: systemClock,
  messageBytesMax: () => 1024 * 1024,
  publish: () => {
    published += 1;
  },
  failed: (reason) => {
    throw reason;
  },
});

function host(made: HostOptions["made"]): (count: number) => void {
  const actor = new Actor<CheckpointerEvent, CheckpointerEffect>({
    clock: systemClock,
    dispatcher: new Dispatcher(),
    failed: (reason) => {
      throw reason;
    },
    ...(made === undefined ? {} : { made }),
    name: "g1/checkpointer",
    logic: checkpointerActor,
    memory: new Checkpointer({
      checkpointThrough: 0,
      tableBytesMax: Infinity,
      intervalMs: 3_600_000,
      startedMs: 0,
    }),
    perform: () => undefined,
  });
  actor.start();
  return (count) => {
    for (let at = 1; at <= count; at += 1) {
      actor.post({ type: "tableGrew", appliedThrough: at, bytes: 1, nowMs: 0 });
    }
  };
}

const kinds: readonly (readonly [string, (count: number) => void])[] = [
  ["nobody can look", host(undefined)],
  ["nobody looks", host((actor) => inspection.made(actor))],
  [
    "somebody looks",
    (count) => {
      inspection.asked("_INBOX.bench", Buffer.from('{"machines":false}'));
      watched(count);
      inspection.stop();
    },
  ],
];
const watched = host((actor) => inspection.made(actor));
const samples = new Map<string, number[]>(kinds.map(([name]) => [name, []]));

for (let round = -2; round < rounds; round += 1) {
  for (const [name, work] of kinds) {
    const before = process.cpuUsage();
    work(events);
    const { user, system } = process.cpuUsage(before);
    if (round >= 0) samples.get(name)?.push(((user + system) * 1000) / events);
  }
}
for (const [name, list] of samples) {
  list.sort((left, right) => left - right);
  const shown = [list[list.length >>> 1], list[0], list.at(-1)].map((ns) => ns?.toFixed(0));
  console.log(`${name.padEnd(16)} ${shown[0]} ns  (${shown[1]} - ${shown[2]})`);
}
console.log(`${published} messages`);
process.exit(0);
