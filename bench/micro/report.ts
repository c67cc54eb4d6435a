/** Results of micro-benchmarks as a file and as text, alone or beside earlier ones. */
import { readFileSync } from "node:fs";
import Table from "cli-table3";
import type { Machine } from "../throughput/machine.ts";
import type { Measured } from "./sampling.ts";

export interface MicroReport {
  readonly machine: Machine;
  readonly rounds: number;
  readonly quick: boolean;
  readonly results: readonly Measured[];
}

export function readReport(path: string): MicroReport {
  return JSON.parse(readFileSync(path, "utf8")) as MicroReport;
}

export function describe({ machine, rounds, quick }: MicroReport): string {
  const { processor, cores, memoryGiB, kernel, node } = machine;
  const kind = quick ? "quick, so only rough" : `${rounds} rounds`;
  return `${processor}, ${cores} cores, ${memoryGiB} GiB, Linux ${kernel}, Node ${node}; ${kind}`;
}

export function tableOf(report: MicroReport, earlier: MicroReport | undefined): string {
  const before = new Map(earlier?.results.map((result) => [result.name, result]));
  const head = ["CPU for each, ns", "median", "least", "most"];
  if (earlier !== undefined) head.push("least before", "ratio");
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { name, medianNs, minNs, maxNs } of report.results) {
    const row = [name, shown(medianNs), shown(minNs), shown(maxNs)];
    const old = before.get(name);
    // The least is what other programs disturbed least.
    if (old !== undefined) row.push(shown(old.minNs), (minNs / old.minNs).toFixed(2));
    else if (earlier !== undefined) row.push("-", "-");
    table.push(row);
  }
  return table.toString();
}

function shown(ns: number): string {
  return ns >= 100 ? ns.toFixed(0) : ns.toFixed(1);
}
