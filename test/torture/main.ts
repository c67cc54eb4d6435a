/**
 * Real clusters under real faults: `npm run torture -- --minutes 4`. Ends with 1 when anything that clients were told is
 * not true, when the cluster did not recover, or when too little happened to prove anything.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, cpSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { findBroker } from "../../infra/broker/find-broker.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { seeded } from "../../infra/randomness/seeded-randomness.ts";
import { breakProduct } from "./broken-product.ts";
import { compileDiskLibrary } from "./disk/disk-library.ts";
import { historyLines } from "./history-lines.ts";
import { commandOf, parseOptions, usage, UsageError, type TortureOptions } from "./options.ts";
import { reportOf, textOf } from "./report.ts";
import { ClusterRun, Interrupted, type ClusterReport } from "./run-cluster.ts";

const msPerMinute = 60_000;
/** Beyond what the faults last: booting, coming to rest, and the checks. */
const spareMs = 8 * msPerMinute;
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const exitCodes = { passed: 0, failed: 1, usage: 2, interrupted: 130 } as const;

const options = optionsOrUsage();
if (options !== undefined) process.exit(await torture(options));

function optionsOrUsage(): TortureOptions | undefined {
  if (process.argv.includes("--help")) {
    console.log(usage);
    return undefined;
  }
  try {
    return parseOptions(process.argv.slice(2));
  } catch (failure) {
    if (!(failure instanceof UsageError)) throw failure;
    console.error(`${failure.message}\n\n${usage}`);
    process.exitCode = exitCodes.usage;
    return undefined;
  }
}

async function torture(options: TortureOptions): Promise<number> {
  const startedAt = new Date().toISOString();
  const directory = mkdtempSync(join(tmpdir(), "synod-torture-"));
  const brokenProduct = fileURLToPath(new URL(`../../../broken-${process.pid}`, import.meta.url));
  const results = resolve(options.resultsFolder);
  const name = startedAt.replaceAll(":", "-");
  const ending = new AbortController();
  const interrupt = (): void => ending.abort(new Interrupted());
  for (const signal of signals) process.on(signal, interrupt);
  const late = AbortSignal.timeout(options.minutes * msPerMinute + spareMs);
  const aborted = AbortSignal.any([ending.signal, late]);
  console.log(`seed ${options.seed}: ${commandOf(options)}`);
  try {
    const diskLibrary = options.withoutLibrary ? undefined : compileDiskLibrary(directory);
    if (diskLibrary === undefined && !options.withoutLibrary) {
      console.error(
        "There is no C compiler (cc) on PATH: slow disks, failing flushes and power failures need one. " +
          "Install one, or say --without-library to do without these faults.",
      );
      return exitCodes.failed;
    }
    if (options.broken !== undefined) breakProduct(options.broken, brokenProduct);
    const broker = await findBroker({ environment: process.env, clock: systemClock });
    const clusters: ClusterReport[] = [];
    for (const nodeCount of options.nodeCounts) {
      if (ending.signal.aborted) break;
      const run = await ClusterRun.make({
        nodeCount,
        durationMs: (options.minutes * msPerMinute) / options.nodeCounts.length,
        randomness: seeded(options.seed).split(`${nodeCount} nodes`),
        directory: join(directory, `${nodeCount}-nodes`),
        brokerProgram: broker.path,
        diskLibrary,
        productFolder: options.broken === undefined ? undefined : brokenProduct,
        thinkMs: options.thinkMs,
        say: (line) => console.log(`${nodeCount} nodes ${line}`),
        aborted,
      });
      try {
        const report = await run.run();
        clusters.push(report);
        if (report.violation !== undefined && options.broken === undefined) {
          writeFileSync(
            join(directory, `${nodeCount}-nodes`, "history.jsonl"),
            historyLines(run.history.operations),
          );
        }
      } finally {
        await run.close();
      }
      if (clusters.at(-1)?.violation !== undefined) break;
    }
    const report = reportOf(options, startedAt, broker, clusters, ending.signal.aborted);
    mkdirSync(results, { recursive: true });
    const text = textOf(report);
    console.log(`\n${text}`);
    writeFileSync(join(results, `${name}.txt`), text);
    const json = `${JSON.stringify(report, null, 2)}\n`;
    writeFileSync(join(results, `${name}.json`), json);
    if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, json);
    console.log(`kept in ${join(results, name)}.txt and .json`);
    if (report.result === "passed") return exitCodes.passed;
    if (report.result === "interrupted") return exitCodes.interrupted;
    keep(directory, join(results, name));
    console.log(`what every process wrote is in ${join(results, name)}`);
    console.log(`run it again with: ${report.command}`);
    return exitCodes.failed;
  } finally {
    rmSync(directory, { recursive: true, force: true });
    rmSync(brokenProduct, { recursive: true, force: true });
    for (const signal of signals) process.off(signal, interrupt);
  }
}

function keep(directory: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  try {
    renameSync(directory, target);
  } catch {
    // On another file system.
    cpSync(directory, target, { recursive: true });
  }
}
