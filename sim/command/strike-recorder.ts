/** Remembers which strikes fell in a run, also in one that failed. */
import type { FaultClass } from "../nemesis.ts";
import type { RunObserver } from "../run-observer.ts";
import type { LogLine } from "../simulated-cluster.ts";
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

  noted(line: LogLine): void {
    const strike = strikeIn(line);
    if (strike !== undefined) this.strikes.push(strike);
  }
}
