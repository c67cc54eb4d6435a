/**
 * What many keys cost: what a put takes of the processors as keys grow, and at five million of them the memory of a node
 * and its way back after a kill. Three node processes and a nats-server made for the occasion, with data directories
 * on a disk, and a client in a process of its own. `npm run bench:capacity`; docs/performance.md.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { measurePuts, type PutCost } from "./capacity/growth.ts";
import { groupOf, settle } from "./capacity/nodes.ts";
import { parseCapacity, type CapacityOptions } from "./capacity/options.ts";
import { renderCapacity } from "./capacity/report.ts";
import type { CapacityResult, Memory } from "./capacity/results.ts";
import { Restarts, type Restart } from "./capacity/restart.ts";
import { RunningWriter } from "./capacity/writers.ts";
import { BenchCluster } from "./throughput/cluster.ts";
import { describeMachine, requireDisk } from "./throughput/machine.ts";
import { usageOf } from "./throughput/process-usage.ts";

const mebibyte = 2 ** 20;
/** Puts at `keys` keys, so that memory is seen while nodes work. */
const busySeconds = 30;

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

class Capacity {
  readonly #options: CapacityOptions;
  readonly #cluster: BenchCluster;
  readonly #growth: PutCost[] = [];
  #memory: Memory | undefined;
  readonly #restarts: Restart[] = [];
  #loaded = 0;

  constructor(options: CapacityOptions, cluster: BenchCluster) {
    this.#options = options;
    this.#cluster = cluster;
  }

  async run(): Promise<CapacityResult> {
    const { keys, sizes, only } = this.#options;
    const wanted = [...(only === "restart" ? [] : sizes), ...(only === "growth" ? [] : [keys])];
    const stops = [...new Set(wanted)].toSorted((left, right) => left - right);
    for (const stop of stops) {
      await this.#loadTo(stop);
      if (only !== "restart" && sizes.includes(stop)) await this.#grow(stop);
      if (only !== "growth" && stop === keys) await this.#hold();
    }
    const { callers, valueBytes, seconds, quick, directory } = this.#options;
    return {
      day: new Date().toISOString().slice(0, 10),
      machine: describeMachine(resolve(directory)),
      natsServer: this.#cluster.brokerVersion,
      options: { keys, callers, valueBytes, seconds, quick },
      growth: this.#growth,
      memory: this.#memory,
      restarts: this.#restarts,
    };
  }

  /** In one order, all over the range of keys. */
  async #loadTo(keys: number): Promise<void> {
    const beganMs = performance.now();
    const work = { kind: "load", first: this.#loaded, behind: keys } as const;
    const writer = new RunningWriter(this.#cluster, this.#options, work);
    const saying = setInterval(() => progress(`  ${writer.written.puts} keys loaded`), 10_000);
    await writer.ended.finally(() => clearInterval(saying));
    const seconds = (performance.now() - beganMs) / 1000;
    progress(`${keys} keys; loading took ${seconds.toFixed(1)} s`);
    this.#loaded = keys;
    await settle(this.#cluster);
    progress("settled");
  }

  async #grow(keys: number): Promise<void> {
    const cost = await measurePuts(this.#cluster, this.#options, keys, this.#options.seconds);
    this.#growth.push(cost);
    const { nodesCpuUs, putsPerSecond, anonymousMiB } = cost;
    progress(
      `${keys} keys: ${nodesCpuUs.toFixed(1)} us a put, ${Math.round(putsPerSecond)} puts/s, ${Math.round(anonymousMiB)} MiB`,
    );
  }

  async #hold(): Promise<void> {
    const { keys, seconds, restarts } = this.#options;
    const idleMiB = this.#largestNodeMiB();
    const busy = await measurePuts(
      this.#cluster,
      this.#options,
      keys,
      Math.min(seconds, busySeconds),
    );
    await settle(this.#cluster);
    this.#memory = {
      loadedMiB: idleMiB,
      busyMiB: busy.anonymousMiB,
      idleMiB: this.#largestNodeMiB(),
      stateMiB: groupOf(await this.#cluster.status()).stateBytes / mebibyte,
    };
    progress(`memory: ${JSON.stringify(this.#memory)}`);
    const way = await Restarts.open(this.#cluster, this.#options);
    try {
      for (let round = 0; round < restarts; round++) {
        for (const restart of [await way.one(), await way.all()]) {
          this.#restarts.push(restart);
          progress(`restart: ${JSON.stringify(restart)}`);
        }
      }
    } finally {
      await way.close();
    }
  }

  #largestNodeMiB(): number {
    return Math.max(...this.#cluster.nodePids.map((pid) => usageOf(pid).anonymousBytes)) / mebibyte;
  }
}

/** Ctrl-C ends what was started, too. */
async function main(): Promise<void> {
  const options = parseCapacity(process.argv.slice(2));
  mkdirSync(options.directory, { recursive: true });
  requireDisk(options.directory);
  const cluster = await BenchCluster.start({ ...options, limit: [] });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => void cluster.stop().finally(() => process.exit(130)));
  }
  try {
    const result = await new Capacity(options, cluster).run();
    console.log(renderCapacity(result));
    if (options.json !== undefined) {
      writeFileSync(options.json, `${JSON.stringify(result, undefined, 2)}\n`);
    }
  } finally {
    await cluster.stop();
  }
}

await main();
