/** What is said of each seed, and of all of them at the end. */
import type { SeedReport } from "../run-seed.ts";
import { countText } from "./count-text.ts";
import type { SeedOutcome } from "./seed-job.ts";
import { calmEntries } from "./set-vacuity.ts";

export interface RunFigures {
  readonly realMs: number;
  /** Of all threads of this process. */
  readonly cpuMs: number;
  readonly runsPerSeed: number;
}

export function passedLine(report: SeedReport, realMs: number): string {
  return [
    `seed ${report.seed}`,
    `${report.nodes} nodes`,
    `${(report.virtualMs / 1_000).toFixed(1)} s virtual`,
    `${report.answered} answered`,
    `${report.failed} failed`,
    `${report.chosenSlots} slots`,
    `${report.leaderChanges} leader changes`,
    `${report.checkpoints} checkpoints`,
    `${report.trims} trims`,
    `${report.watched} watched`,
    `hash ${report.traceHash}`,
    `[${countsText(report.faults)}]`,
    `${(realMs / 1_000).toFixed(1)} s`,
  ].join("  ");
}

export function failedLines(
  seed: number,
  nodes: number,
  outcome: SeedOutcome & { readonly kind: "failed" },
  command: string,
): readonly string[] {
  const mark = outcome.isViolation ? markOf(outcome.check) : "BROKEN";
  return [`seed ${seed}  ${nodes} nodes  ${mark}  ${outcome.details}`, `  replay with: ${command}`];
}

/** A run that proves nothing says nothing against the product. */
function markOf(check: string): string {
  return check === "vacuity" ? "VACUOUS" : "VIOLATED";
}

/** `2 loss, crash`, the most frequent first. */
export function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, times]) => times > 0)
    .map(([name, times]) => (times === 1 ? name : `${times} ${name}`))
    .join(", ");
}

export function summaryLines(
  reports: readonly SeedReport[],
  failed: number,
  { realMs, cpuMs, runsPerSeed }: RunFigures,
): readonly string[] {
  const tried = reports.length + failed;
  const answered = total(reports, (report) => report.answered);
  const minutes = realMs / 60_000;
  const lines = [`${countText(reports.length, "seed")} passed, ${failed} failed`];
  if (tried === 0) return lines;
  const pace = [
    `in ${(realMs / 1_000).toFixed(1)} s`,
    `${(tried / minutes).toFixed(1)} seeds a minute`,
    `${Math.round((answered * runsPerSeed) / (cpuMs / 1_000))} operations answered per CPU second`,
  ];
  lines.push(pace.join(", "));
  if (reports.length < 2) return lines;
  const virtualS = total(reports, (report) => report.virtualMs) / 1_000;
  lines.push(
    `in those that passed: ${virtualS.toFixed(0)} s virtual, ${answered} answered, ${total(reports, ({ failed }) => failed)} failed, ${total(reports, ({ leaderChanges }) => leaderChanges)} leader changes, ${total(reports, calmEntries)} entries accepted by all in the calm`,
    `faults: ${countsText(faultTotals(reports))}`,
  );
  return lines;
}

/** The most frequent first. */
export function faultTotals(reports: readonly SeedReport[]): Readonly<Record<string, number>> {
  const totals = new Map<string, number>();
  for (const { faults } of reports) {
    for (const [fault, times] of Object.entries(faults)) {
      totals.set(fault, (totals.get(fault) ?? 0) + times);
    }
  }
  return Object.fromEntries([...totals].sort(([, left], [, right]) => right - left));
}

function total(reports: readonly SeedReport[], count: (report: SeedReport) => number): number {
  return reports.reduce((sum, report) => sum + count(report), 0);
}
