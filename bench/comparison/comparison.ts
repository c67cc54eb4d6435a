/**
 * A whole run: every system is started and loaded once; then all stand still (SIGSTOP) but the one that is measured, in
 * turn at each cell, round after round. So what is compared was measured within a minute of each other on the same
 * machine, and nobody pays for another's background work.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { describeMachine, requireDisk } from "../throughput/machine.ts";
import { cellName, type Cell } from "./cell.ts";
import type { Contestant, DriverKind } from "./contestant.ts";
import { Drivers } from "./driver.ts";
import { lineUp, takesPart } from "./line-up.ts";
import { measure } from "./measure.ts";
import type { ComparisonOptions } from "./options.ts";
import type { Peers } from "./peers.ts";
import { keysOf, sizesOf, usualSeconds } from "./plan.ts";
import {
  isMeasured,
  type CellResult,
  type ComparisonResult,
  type ContestantReport,
  type Failed,
  type Measurement,
  type Skipped,
} from "./results.ts";
import type { System } from "./system.ts";
import { isTargeted } from "./targets.ts";
import type { DriverTask } from "./task.ts";

/** Of an operation: a benchmark of a crowded machine measures long waits, not failures. */
const timeoutMs = 10_000;
/** Which of them suits a client best depends on the machine; each peer is given its own best. */
const connectionsTried = [1, 4];
const tuningCell: Cell = { workload: "put", valueBytes: 128, callers: 256 };
const tuningSeconds = 3;
/** What it takes to wake a system, start its driver and let it stand still again. */
const switchSeconds = 2;

export type Progress = (line: string) => void;

type Results = Map<Cell, Map<Contestant, (Measurement | Failed)[]>>;

export class Comparison {
  readonly #options: ComparisonOptions;
  readonly #contestants: readonly Contestant[];
  readonly #skipped: readonly Skipped[];
  readonly #systems: readonly System[];
  readonly #drivers: Drivers;
  readonly #progress: Progress;
  readonly #connections = new Map<Contestant, number>();
  readonly #loadSeconds = new Map<System, number>();
  #isStopped = false;

  constructor(options: ComparisonOptions, peers: Peers, progress: Progress) {
    this.#options = options;
    this.#progress = progress;
    this.#drivers = new Drivers(peers.driver);
    const { contestants, skipped } = lineUp(options, peers);
    this.#contestants = contestants.filter((one) => options.cells.some((at) => takesPart(one, at)));
    this.#skipped = skipped;
    this.#systems = [...new Set(this.#contestants.map(({ system }) => system))];
  }

  /** Leaves nothing running and nothing on the disk, however it ends. */
  async run(): Promise<ComparisonResult> {
    try {
      const { directory } = this.#options;
      mkdirSync(directory, { recursive: true });
      requireDisk(directory);
      for (const { name, install } of this.#skipped) {
        this.#progress(`${name} is not installed, and skipped: ${install}`);
      }
      for (const system of this.#systems) await this.#startAndLoad(system);
      if (this.#options.tune) await this.#tune();
      this.#progress(`measuring for about ${Math.ceil(this.#estimateSeconds() / 60)} min`);
      const results: Results = new Map();
      for (let round = 1; round <= this.#options.rounds; round++) {
        await this.#measureRound(round, results);
      }
      return this.#result(results);
    } finally {
      await this.stop();
    }
  }

  /** Ends everything at once; `run` then fails. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#drivers.stop();
    await Promise.all(this.#systems.map((system) => system.stop()));
  }

  async #startAndLoad(system: System): Promise<void> {
    this.#requireGoingOn();
    this.#progress(`starting ${system.version}`);
    await system.start();
    let seconds = 0;
    await system.load(async () => {
      for (const valueBytes of sizesOf(this.#options.cells)) {
        const loaded = await this.#drivers.run(...this.#loader(system, valueBytes));
        seconds += loaded.seconds;
      }
    });
    this.#loadSeconds.set(system, seconds);
    this.#progress(`loaded ${system.version} in ${seconds.toFixed(1)} s`);
    this.#pause(system);
  }

  /** Raw subjects have no way to write many keys at once; Synod's own client does it for both. */
  #loader(system: System, valueBytes: number): readonly [DriverKind, DriverTask] {
    const one = this.#contestants.find((contestant) => contestant.system === system);
    if (one === undefined) throw new Error(`nobody drives ${system.version}`);
    const cell: Cell = { workload: "put", valueBytes, callers: 1 };
    const task = { ...this.#task(one, cell), workload: "load" } as const;
    if (one.drives === "synod-raw") return ["node", { ...task, system: "synod" }];
    return [one.driver, task];
  }

  async #tune(): Promise<void> {
    for (const contestant of this.#contestants) {
      if (contestant.driver !== "go" || !takesPart(contestant, tuningCell)) continue;
      let best = 0;
      for (const connections of connectionsTried) {
        const times = { warmUpSeconds: 1, seconds: tuningSeconds };
        const task = { ...this.#task(contestant, tuningCell), ...times, connections };
        const result = await this.#alone(contestant, task, 0);
        if (!isMeasured(result) || result.operationsPerSecond <= best) continue;
        best = result.operationsPerSecond;
        this.#connections.set(contestant, connections);
      }
      this.#progress(`${contestant.title}: ${this.#connectionsOf(contestant)} connections`);
    }
  }

  async #measureRound(round: number, results: Results): Promise<void> {
    // In turn from either end, so that nobody always comes after the same one.
    const order = round % 2 === 1 ? this.#contestants : this.#contestants.toReversed();
    for (const cell of this.#options.cells) {
      if (round > this.#roundsOf(cell)) continue;
      const ofCell = results.get(cell) ?? new Map<Contestant, (Measurement | Failed)[]>();
      results.set(cell, ofCell);
      for (const contestant of order) {
        if (!takesPart(contestant, cell)) continue;
        const result = await this.#alone(contestant, this.#task(contestant, cell), round);
        ofCell.set(contestant, [...(ofCell.get(contestant) ?? []), result]);
        const said = isMeasured(result) ? summaryOf(result) : result.failure;
        const where = `${round}/${this.#roundsOf(cell)} ${cellName(cell)}`;
        this.#progress(`${where}: ${contestant.title}: ${said}`);
      }
    }
  }

  /** Everybody else stands still. */
  async #alone(
    contestant: Contestant,
    task: DriverTask,
    round: number,
  ): Promise<Measurement | Failed> {
    this.#requireGoingOn();
    try {
      await contestant.system.resume();
      return await measure(this.#drivers, contestant, task, round);
    } catch (failure) {
      this.#requireGoingOn();
      return { round, failure: failure instanceof Error ? failure.message : String(failure) };
    } finally {
      if (!this.#isStopped) this.#pause(contestant.system);
    }
  }

  /** What it has written but not flushed is flushed now: the next one shall not wait for it. */
  #pause(system: System): void {
    system.pause();
    spawnSync("sync", ["-f", this.#options.directory]);
  }

  #roundsOf(cell: Cell): number {
    const { rounds, brief } = this.#options;
    return brief && !isTargeted(cell) ? 1 : rounds;
  }

  #secondsOf({ drives }: Contestant, cell: Cell): number {
    const { seconds, lengthen, brief } = this.#options;
    if (brief && !isTargeted(cell)) return seconds / 2;
    const isSynod = drives === "synod" || drives === "synod-raw";
    return lengthen ? usualSeconds(cell, seconds, isSynod) : seconds;
  }

  /** Of all rounds, without starting and loading. */
  #estimateSeconds(): number {
    const { cells, warmUpSeconds } = this.#options;
    let seconds = 0;
    for (const cell of cells) {
      for (const contestant of this.#contestants.filter((one) => takesPart(one, cell))) {
        const once = this.#secondsOf(contestant, cell) + warmUpSeconds + switchSeconds;
        seconds += this.#roundsOf(cell) * once;
      }
    }
    return seconds;
  }

  #task(contestant: Contestant, cell: Cell): DriverTask {
    const { warmUpSeconds, spreadKeys, subscribers, keys } = this.#options;
    const { workload, valueBytes, callers, ratePerSecond = 0 } = cell;
    return {
      system: contestant.drives,
      endpoints: contestant.system.endpoints,
      connections: Math.min(callers, this.#connectionsOf(contestant)),
      workload,
      callers,
      valueBytes,
      ...keysOf(cell, keys),
      spreadKeys,
      warmUpSeconds,
      seconds: this.#secondsOf(contestant, cell),
      ratePerSecond,
      subscribers,
      timeoutMs,
    };
  }

  #connectionsOf(contestant: Contestant): number {
    return this.#connections.get(contestant) ?? 1;
  }

  #requireGoingOn(): void {
    if (this.#isStopped) throw new Error("the run was interrupted");
  }

  #result(results: Results): ComparisonResult {
    const { rounds, brief, seconds, warmUpSeconds } = this.#options;
    const { keys, spreadKeys, subscribers, quick } = this.#options;
    return {
      day: new Date().toISOString().slice(0, 10),
      machine: describeMachine(resolve(this.#options.directory)),
      options: { rounds, brief, seconds, warmUpSeconds, keys, spreadKeys, subscribers, quick },
      contestants: this.#contestants.map((contestant) => this.#reportOf(contestant)),
      skipped: this.#skipped,
      cells: [...results].map(([cell, measured]): CellResult => {
        const byName = [...measured].map(([{ name }, all]) => [name, all] as const);
        return { cell, measured: Object.fromEntries(byName) };
      }),
    };
  }

  #reportOf(contestant: Contestant): ContestantReport {
    const { name, client, system } = contestant;
    return {
      name,
      version: system.version,
      durability: system.durability,
      client,
      connections: this.#connectionsOf(contestant),
      loadSeconds: this.#loadSeconds.get(system) ?? 0,
    };
  }
}

function summaryOf({ operationsPerSecond, latencyUs, errors }: Measurement): string {
  const errorCount = Object.values(errors).reduce((sum, count) => sum + count, 0);
  const rate = Math.round(operationsPerSecond).toLocaleString("en");
  const p50 = (latencyUs.p50 / 1000).toFixed(2);
  return `${rate}/s, p50 ${p50} ms${errorCount > 0 ? `, ${errorCount} errors` : ""}`;
}
