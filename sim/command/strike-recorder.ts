/** Remembers which strikes fell in a run, also in one that failed. */
import type { SimulatedWorld } from "../../infra/clock/simulated-world.ts";
import type { FaultClass } from "../nemesis.ts";
import type { RunObserver } from "../run-observer.ts";
import type { LogLine, SimulatedCluster } from "../simulated-cluster.ts";
import type { KnownStrike } from "./seed-job.ts";

const faultLine = /^fault: (.*)$/;

export function strikeIn({ what, node, atMs, details }: LogLine): KnownStrike | undefined {
  const fault = faultLine.exec(what)?.[1];
  const { strike } = details;
  if (fault === undefined || typeof strike !== "number") return undefined;
  return { number: strike, fault: fault as FaultClass, node, atMs };
}

export class StrikeRecorder implements RunObserver {
  readonly strikes: KnownStrike[] = [];
  #world: SimulatedWorld | undefined;

  /** Virtual time. */
  get nowMs(): number {
    return this.#world?.nowMs ?? 0;
  }

  began({ world }: SimulatedCluster): void {
    this.#world = world;
  }

  noted(line: LogLine): void {
    const strike = strikeIn(line);
    if (strike !== undefined) this.strikes.push(strike);
  }
}
