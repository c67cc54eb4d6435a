/**
 * Where the time of one put goes: three node processes and a nats-server made for the occasion, one caller, and in every
 * process a note of what its sockets and its disk did when. `npm run bench:waterfall`.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { systemClock } from "../infra/clock/system-clock.ts";
import { GuardedChild } from "../infra/processes/guarded-child.ts";
import { BenchCluster } from "./throughput/cluster.ts";
import { describeMachine, requireDisk } from "./throughput/machine.ts";
import { contextSwitchesOfAll, usageOfAll } from "./throughput/process-usage.ts";
import { measureFloor } from "./waterfall/floor.ts";
import { calledFile, type CalledPut, type CallerTask, type Noted } from "./waterfall/noted.ts";
import { Notes, onePut, type OnePut } from "./waterfall/one-put.ts";
import { renderWaterfall, type Costs } from "./waterfall/report.ts";

interface WaterfallOptions {
  readonly puts: number;
  readonly warmUpPuts: number;
  readonly port: number;
  readonly directory: string;
}

/** Owned by group g2, which the topology has n3 lead. */
const leaderIndex = 2;
const keys = 1_000_000;
const valueBytes = 128;
const program = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const probing = ["--import", new URL("waterfall/probe.js", import.meta.url).href];

function parseOptions(): WaterfallOptions {
  const command = new Command("bench:waterfall");
  command
    .description("Where the time of one caller's put goes.")
    .option("--puts <number>", "how many are looked at", Number, 5_000)
    .option("--warm-up-puts <number>", "before", Number, 5_000)
    .option("--port <number>", "the nats-server's", Number, 4324)
    .option("--directory <path>", "for the nodes' data; must be on a disk", ".synod");
  return command.parse().opts<WaterfallOptions>();
}

interface Measured {
  readonly puts: readonly OnePut[];
  readonly costs: Costs;
}

async function measure(options: WaterfallOptions): Promise<Measured> {
  const cluster = await BenchCluster.start({ ...options, limit: [], nodeArguments: probing });
  const { nodePids, brokerPid, directory } = cluster;
  let costs: Costs;
  let clientPid = 0;
  try {
    requireDisk(directory);
    const nothing = { cpuMs: 0, contextSwitches: 0 };
    let begun = nothing;
    let ended = nothing;
    await new Promise<void>((resolveEnd, reject) => {
      const task: CallerTask = {
        server: cluster.address,
        password: cluster.password,
        warmUpPuts: options.warmUpPuts,
        puts: options.puts,
        valueBytes,
        keys,
        directory: resultsOf(options),
      };
      const args = [...probing, program("waterfall/caller.js"), JSON.stringify(task)];
      const onLine = (line: string, stream: "stdout" | "stderr"): void => {
        const pids = [...nodePids, brokerPid, clientPid];
        const costsNow = (): Costs => ({
          cpuMs: usageOfAll(pids).cpuMs,
          contextSwitches: contextSwitchesOfAll(pids),
        });
        if (line === "measuring") begun = costsNow();
        else if (line === "measured") ended = costsNow();
        else if (stream === "stderr") process.stderr.write(`${line}\n`);
      };
      const plan = { command: process.execPath, args, stopTimeoutMs: 5_000, onLine };
      const client = new GuardedChild(plan, systemClock, (reason) => {
        if (reason === "exit code 0") resolveEnd();
        else reject(new Error(`the client ended: ${reason}`));
      });
      clientPid = client.pid ?? 0;
    });
    costs = {
      cpuMs: (ended.cpuMs - begun.cpuMs) / options.puts,
      contextSwitches: (ended.contextSwitches - begun.contextSwitches) / options.puts,
    };
  } finally {
    await cluster.stop();
  }
  const notesOf = (pid: number): Notes => new Notes(read(options, `${pid}.json`) as Noted[]);
  const client = notesOf(clientPid);
  const nodes = nodePids.map(notesOf);
  const leader = nodes[leaderIndex];
  if (leader === undefined) throw new Error("the cluster has three nodes");
  const followers = nodes.filter((node) => node !== leader);
  const called = read(options, calledFile) as CalledPut[];
  const puts = called
    .map((put) => onePut(put, client, leader, followers))
    .filter((put) => put !== undefined);
  return { puts, costs };
}

function resultsOf({ directory }: WaterfallOptions): string {
  return join(resolve(directory), "waterfall");
}

function read(options: WaterfallOptions, name: string): unknown {
  return JSON.parse(readFileSync(join(resultsOf(options), name), "utf8"));
}

const options = parseOptions();
const results = resultsOf(options);
rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });
// The processes of the cluster inherit it.
process.env["SYNOD_PROBE"] = results;
const { puts, costs } = await measure(options);
delete process.env["SYNOD_PROBE"];
const floor = await measureFloor(results);
const { processor, cores, kernel, fileSystem, node } = describeMachine(results);
console.log(`${cores} x ${processor}, Linux ${kernel}, ${fileSystem}, Node ${node}\n`);
console.log(renderWaterfall(puts, costs, floor));
rmSync(results, { recursive: true });
