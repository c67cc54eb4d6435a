/** What an examination found. */

/** `unknown`: it could not be looked at, and why is said. */
export type Level = "ok" | "warn" | "fail" | "unknown";

export interface Finding {
  readonly area: "this machine" | "nats-server" | "cluster";
  readonly check: string;
  readonly level: Level;
  /** What was measured or seen. */
  readonly found: string;
  /** Unless it is `ok`: why it matters, and what to do. */
  readonly problem?: string;
  readonly nextStep?: string;
  /** The numbers of it, for programs. */
  readonly measured?: Readonly<Record<string, number>>;
}

export interface Threshold {
  readonly warn: number;
  readonly fail: number;
}

export function levelOf(value: number, { warn, fail }: Threshold): Level {
  if (value > fail) return "fail";
  return value > warn ? "warn" : "ok";
}

/** Without problem and next step when all is well. */
export function finding(
  about: Pick<Finding, "area" | "check" | "found" | "measured">,
  level: Level,
  problem: string,
  nextStep: string,
): Finding {
  return level === "ok" ? { ...about, level } : { ...about, level, problem, nextStep };
}

/** Of some measurements: the middle one, and the one that 99 % do not exceed. */
export function percentilesOf(values: readonly number[]): { p50Ms: number; p99Ms: number } {
  const sorted = values.toSorted((left, right) => left - right);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}
