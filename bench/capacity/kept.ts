/** The runs of `bench:capacity` and `bench:recovery` that are kept with the documentation, as a table of targets. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ReportTable } from "../comparison/report.ts";
import type { RecoveryResult } from "../recovery/results.ts";
import type { CapacityResult } from "./results.ts";
import { capacityTargets, recoveryTarget } from "./targets.ts";

export interface KeptRuns {
  readonly capacity: CapacityResult | undefined;
  readonly recovery: RecoveryResult | undefined;
}

/** `root`: of the package. */
export function readKept(root: string): KeptRuns {
  return {
    capacity: read(join(root, "docs/data/capacity.json")) as CapacityResult | undefined,
    recovery: read(join(root, "docs/data/recovery.json")) as RecoveryResult | undefined,
  };
}

export function keptTable({ capacity, recovery }: KeptRuns): ReportTable {
  const targets = [recoveryTarget(recovery), ...capacityTargets(capacity)];
  const days = [capacity?.day, recovery?.day].filter((day) => day !== undefined);
  const note =
    days.length === 0
      ? "Not measured yet: `npm run bench:capacity` and `npm run bench:recovery`, with `--json` into docs/data."
      : `Measured by themselves, on ${[...new Set(days)].join(" and ")}, by \`npm run bench:capacity\` and \`npm run bench:recovery\`; [how](performance.md#as-keys-grow).`;
  return {
    title: "Targets without a peer",
    note,
    heading: ["target", "verdict", "measured", "at most", "aim"],
    words: 2,
    rows: targets.map(({ what, unit, value, atLeast, aim, verdict }) => {
      const text = (quantity: number): string => `${quantity} ${unit}`;
      return [
        what,
        verdict,
        value === undefined ? "–" : text(Math.round(value * 100) / 100),
        text(atLeast),
        text(aim),
      ];
    }),
  };
}

function read(path: string): unknown {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}
