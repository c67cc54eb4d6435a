/** Runs cases in turns and tells what an operation of each costs. */
import type { MicroCase } from "./micro-case.ts";

/** CPU time of the whole process for one operation, in nanoseconds, over all rounds. */
export interface Measured {
  readonly name: string;
  readonly medianNs: number;
  readonly minNs: number;
  readonly maxNs: number;
}

/** The cases of a round run one behind the other, so that they share its noise. The first round only warms up. */
export async function measureAll(
  cases: readonly MicroCase[],
  rounds: number,
): Promise<readonly Measured[]> {
  const samples = cases.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [at, { operations, prepare, run }] of cases.entries()) {
      prepare?.();
      const before = process.cpuUsage();
      // Most cases are one long turn; a promise would only be in the way.
      const running = run();
      if (running !== undefined) await running;
      const { user, system } = process.cpuUsage(before);
      if (round > 0) samples[at]?.push(((user + system) * 1000) / operations);
    }
  }
  return cases.map(({ name }, at) => {
    const sorted = (samples[at] ?? []).sort((left, right) => left - right);
    const median = sorted[sorted.length >>> 1] ?? NaN;
    return { name, medianNs: median, minNs: sorted[0] ?? NaN, maxNs: sorted.at(-1) ?? NaN };
  });
}
