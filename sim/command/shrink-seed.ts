/** `--shrink`: looks for the smallest run that fails alike, and draws it. */
import type { SeedOptions } from "../run-seed.ts";
import { shrink, type Attempted, type Shrunk } from "../shrink/shrink.ts";
import { announcementLines } from "./announcement.ts";
import { countText } from "./count-text.ts";
import { interruptedCode, listenForInterruption } from "./interruption.ts";
import { replayCommand, usualFaultsMs } from "./replay-command.ts";
import { countsText } from "./report-lines.ts";
import type { SeedOutcome } from "./seed-job.ts";
import type { SeedThreads } from "./seed-threads.ts";
import type { SimulationOptions } from "./sim-options.ts";
import type { Caller } from "./simulate.ts";
import { writeRecording } from "./write-recording.ts";

interface ShrinkRun {
  readonly options: SimulationOptions;
  readonly start: SeedOptions;
  readonly threads: SeedThreads;
  readonly caller: Caller;
}

const linesMax = 400;

export async function shrinkSeed({ options, start, threads, caller }: ShrinkRun): Promise<number> {
  const { print, invocation } = caller;
  const interruption = listenForInterruption();
  const untilMs =
    options.minutes === undefined ? Infinity : performance.now() + options.minutes * 60_000;
  let attempts = 0;
  for (const line of announcementLines(options, start)) print(line);
  const found = await shrink({
    start,
    attempt: async (seedOptions) => {
      attempts += 1;
      const ended = threads.run({ options: seedOptions, twice: false });
      const outcome = await Promise.race([ended, interruption.promise]);
      if (outcome === "interrupted") return { check: undefined, strikes: [], endedMs: 0 };
      if (attempts === 1) for (const line of firstLines(start, outcome)) print(line);
      return attemptedOf(outcome);
    },
    tell: (what, cameTo) => print(`${String(attempts).padStart(5)}  ${what}: ${cameTo}`),
    isTimeUp: () => interruption.happened || performance.now() > untilMs,
  });
  if (interruption.happened) {
    await threads.stop();
    print("interrupted: this is the smallest so far");
  }
  if (found === undefined) return interruption.happened ? interruptedCode : 0;
  await conclude(found, { options, start, threads, caller });
  print(`replay with: ${replayCommand(invocation, found.options)}`);
  return interruption.happened ? interruptedCode : 1;
}

function attemptedOf(outcome: SeedOutcome): Attempted {
  const { strikes, endedMs } = outcome;
  return { check: outcome.kind === "failed" ? outcome.check : undefined, strikes, endedMs };
}

function firstLines({ seed }: SeedOptions, outcome: SeedOutcome): readonly string[] {
  if (outcome.kind === "passed") return [`seed ${seed} holds: there is nothing to make smaller`];
  const { details, strikes, endedMs } = outcome;
  return [
    `seed ${seed} fails at ${Math.round(endedMs)} ms after ${strikes.length} strikes: ${details}`,
    "looking for the smallest run in which the same check fails",
  ];
}

/** Runs the smallest once more, and keeps what there is to see of it. */
async function conclude(found: Shrunk, { options, threads, caller }: ShrinkRun): Promise<void> {
  const { print, invocation } = caller;
  const command = replayCommand(invocation, found.options);
  const recording = { level: "messages", linesMax, wanted: {}, title: command } as const;
  const outcome = await threads.run({ options: found.options, twice: false, recording });
  print("");
  const runs = countText(found.attempts, "run");
  if (found.stoppedAt === undefined) print(`the smallest after ${runs}: ${sizeText(found)}`);
  else {
    print(`stopped early, at ${found.stoppedAt}: there may be smaller runs that fail alike`);
    print(`the smallest so far, after ${runs}: ${sizeText(found)}`);
  }
  for (const { number, fault, node, atMs } of found.strikes) {
    print(`  ${atMs.toFixed(3).padStart(10)}  fault ${number}: ${fault} ${node}`);
  }
  if (outcome.kind === "failed") print(`VIOLATED  ${outcome.details}`);
  if (outcome.recording === undefined) return;
  const directory = options.out ?? `sim-seed-${found.options.seed}`;
  for (const file of writeRecording(directory, outcome.recording, command)) {
    print(`written: ${file}`);
  }
}

function sizeText({ options, strikes }: Shrunk): string {
  const { nodes = 3, faultsMs = usualFaultsMs } = options;
  const { clients, rawClients, bankers, watchers, keys } = options;
  const counts = { clients, "raw clients": rawClients, bankers, watchers, keys };
  const sizes = Object.entries(counts).map(([name, count]) =>
    count === undefined ? undefined : `${count} ${name}`,
  );
  const faults: Record<string, number> = {};
  for (const { fault } of strikes) faults[fault] = (faults[fault] ?? 0) + 1;
  return [
    `${nodes} nodes`,
    ...sizes.filter((size) => size !== undefined),
    `${faultsMs} ms`,
    countsText(faults) || "no faults",
  ].join(", ");
}
