/** Synod and its peers, measured in one run. `npm run bench`; what it measures and how: docs/benchmarks.md. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { packageRoot } from "../cli/package-root.ts";
import { keptTable, readKept } from "./capacity/kept.ts";
import { Comparison } from "./comparison/comparison.ts";
import { parseComparison } from "./comparison/options.ts";
import { findPeers } from "./comparison/peers.ts";
import { renderTerminal } from "./comparison/terminal.ts";

/** All processes together, as the targets want it. Children inherit it from this process. */
const cores = "0,1";
/** As a shell reports a program that Ctrl-C has ended. */
const interrupted = 130;

function shareTwoCores(): void {
  if (availableParallelism() <= 2) return;
  const pinned = spawnSync("taskset", ["-a", "-p", "-c", cores, String(process.pid)]);
  if (pinned.status !== 0)
    throw new Error("taskset (of util-linux) is needed to use two cores only");
}

/** Resolves with the exit code. */
async function main(): Promise<number> {
  const options = parseComparison(process.argv.slice(2));
  shareTwoCores();
  const peers = await findPeers(process.env, options.contestants);
  const comparison = new Comparison(options, peers, (line) => process.stderr.write(`${line}\n`));
  let isInterrupted = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      isInterrupted = true;
      process.stderr.write("ending what was started\n");
      // The run then fails, and is over when nothing is left.
      void comparison.stop();
    });
  }
  try {
    const result = await comparison.run();
    console.log(renderTerminal(result, [keptTable(readKept(packageRoot))]));
    if (options.json !== undefined) {
      writeFileSync(options.json, `${JSON.stringify(result, undefined, 2)}\n`);
    }
    return 0;
  } catch (failure) {
    if (isInterrupted) return interrupted;
    console.error(failure instanceof Error ? failure.message : failure);
    return 1;
  }
}

process.exit(await main());
