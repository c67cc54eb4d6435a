/** Carries out a command line of the simulator. Answers with the exit code. */
import { closeSync, openSync } from "node:fs";
import { faultClasses, type FaultClass } from "../nemesis.ts";
import type { SeedOptions } from "../run-seed.ts";
import { runSeeds } from "./run-seeds.ts";
import { SeedThreads } from "./seed-threads.ts";
import { shrinkSeed } from "./shrink-seed.ts";
import type { SimulationOptions, SimulationPlace } from "./sim-options.ts";

export interface Caller extends SimulationPlace {
  readonly wrongUsage: (text: string) => never;
}

export async function simulate(options: SimulationOptions, caller: Caller): Promise<number> {
  refuseUnused(options, caller);
  requireWritable(options, caller);
  const shared = seedOptionsOf(options, caller);
  const threads = new SeedThreads(options.jobs);
  try {
    if (options.shrink !== undefined) {
      const start = { ...shared, seed: options.shrink };
      return await shrinkSeed({ options, start, threads, caller });
    }
    return await runSeeds({ options, shared, threads, caller });
  } finally {
    await threads.stop();
  }
}

/** Many seeds are not recorded: who wants to see one says which, and should hear so before they run. */
function refuseUnused(options: SimulationOptions, { wrongUsage }: Caller): void {
  const { seed, shrink, out, traceGroup, traceFrom, traceThrough } = options;
  if (seed !== undefined || shrink !== undefined) return;
  const ofOneSeed = {
    out,
    "trace-group": traceGroup,
    "trace-from": traceFrom,
    "trace-through": traceThrough,
  };
  for (const [name, value] of Object.entries(ofOneSeed)) {
    if (value !== undefined) wrongUsage(`--${name} goes with --seed or --shrink`);
  }
}

/** Whoever waits for minutes should not hear only then that what was found cannot be kept. */
function requireWritable({ json }: SimulationOptions, { wrongUsage }: Caller): void {
  if (json === undefined) return;
  try {
    closeSync(openSync(json, "a"));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    wrongUsage(`${json} cannot be written: ${reason}`);
  }
}

/** What all seeds of a command line have in common. */
function seedOptionsOf(
  options: SimulationOptions,
  { wrongUsage }: Caller,
): Omit<SeedOptions, "seed"> {
  const { nodes, faultsMs, phase1, phase2, without } = options;
  const { clients, rawClients, bankers, watchers, keys } = options;
  if ((phase1 === undefined) !== (phase2 === undefined)) {
    wrongUsage("--phase1 and --phase2 go together");
  }
  if (phase1 !== undefined && phase2 !== undefined && phase1 + phase2 <= nodes) {
    wrongUsage(`quorums of ${phase1} and ${phase2} of ${nodes} nodes need not meet`);
  }
  if (Math.max(phase1 ?? 0, phase2 ?? 0) > nodes) wrongUsage(`there are only ${nodes} nodes`);
  const faults = options.faults?.map((name) => faultClass(name, wrongUsage));
  return {
    nodes,
    faultsMs,
    ...(phase1 === undefined || phase2 === undefined ? {} : { quorums: { phase1, phase2 } }),
    ...(faults === undefined ? {} : { faults }),
    ...(without === undefined ? {} : { without }),
    ...(clients === undefined ? {} : { clients }),
    ...(rawClients === undefined ? {} : { rawClients }),
    ...(bankers === undefined ? {} : { bankers }),
    ...(watchers === undefined ? {} : { watchers }),
    ...(keys === undefined ? {} : { keys }),
  };
}

function faultClass(name: string, wrongUsage: Caller["wrongUsage"]): FaultClass {
  const found = faultClasses.find((fault) => fault === name);
  return found ?? wrongUsage(`no fault is called '${name}'. There are: ${faultClasses.join(", ")}`);
}
