/** One contestant at one cell: its driver runs, and the processes of its system are looked at meanwhile. */
import { machineCpuMs, usageOfAll } from "../throughput/process-usage.ts";
import type { Contestant } from "./contestant.ts";
import type { Drivers } from "./driver.ts";
import type { Measurement } from "./results.ts";
import type { System, SystemWork } from "./system.ts";
import type { DriverTask } from "./task.ts";

const memoryEveryMs = 200;
const mebibyte = 2 ** 20;

interface Look {
  readonly serversCpuMs: number;
  readonly machineCpuMs: number;
  readonly work: Promise<SystemWork | undefined>;
}

export async function measure(
  drivers: Drivers,
  { system, driver }: Contestant,
  task: DriverTask,
  round: number,
): Promise<Measurement> {
  const memory = new MemoryPeak(system);
  const looks: Look[] = [];
  try {
    const result = await drivers.run(driver, task, (moment) => {
      looks.push(lookAt(system));
      if (moment === "measuring") memory.begin();
      else memory.end();
    });
    const [begun, ended] = looks;
    if (begun === undefined || ended === undefined) throw new Error("the driver measured nothing");
    const { operations, seconds, cpuSeconds, ...counted } = result;
    const serversCpuSeconds = (ended.serversCpuMs - begun.serversCpuMs) / 1000;
    const machineCpuSeconds = (ended.machineCpuMs - begun.machineCpuMs) / 1000;
    const perThousand = 1000 / Math.max(1, operations);
    return {
      round,
      seconds,
      operationsPerSecond: operations / seconds,
      latencyUs: counted.latencyUs,
      cpuSecondsPerThousand: {
        servers: serversCpuSeconds * perThousand,
        client: cpuSeconds * perThousand,
      },
      anonymousMiB: memory.peakBytes / mebibyte,
      errors: counted.errors,
      conflictsPerOperation: counted.conflicts / Math.max(1, operations),
      unfinished: counted.unfinished,
      ...(await workWithin(begun, ended)),
      coresUsedByOthers: Math.max(0, machineCpuSeconds - serversCpuSeconds - cpuSeconds) / seconds,
    };
  } finally {
    memory.end();
  }
}

function lookAt(system: System): Look {
  const work = system.work?.() ?? Promise.resolve(undefined);
  // Awaited at the end only; if the driver fails before, nobody asks.
  work.catch(() => undefined);
  return { serversCpuMs: usageOfAll(system.processes).cpuMs, machineCpuMs: machineCpuMs(), work };
}

async function workWithin(
  begun: Look,
  ended: Look,
): Promise<Pick<Measurement, "checkpoints" | "trims" | "disturbed">> {
  const before = await begun.work;
  const after = await ended.work;
  if (before === undefined || after === undefined) return {};
  const { checkpoints, trims, disturbed } = before.between(after);
  return {
    // Infinite where nothing was written.
    ...(Number.isFinite(checkpoints) ? { checkpoints, trims } : {}),
    ...(disturbed ? { disturbed } : {}),
  };
}

/** The most anonymous memory that the processes of a system have together, looked at several times a second. */
class MemoryPeak {
  readonly #system: System;
  #timer: NodeJS.Timeout | undefined;
  peakBytes = 0;

  constructor(system: System) {
    this.#system = system;
  }

  begin(): void {
    this.#look();
    this.#timer = setInterval(() => this.#look(), memoryEveryMs);
  }

  end(): void {
    if (this.#timer !== undefined) clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const { anonymousBytes } = usageOfAll(this.#system.processes);
    this.peakBytes = Math.max(this.peakBytes, anonymousBytes);
  }
}
