/** What `synod doctor` prints. */
import type { Style } from "../output/style.ts";
import { tableLines } from "../output/table.ts";
import type { Finding, Level } from "./finding.ts";

const columns = ["", "CHECK", "FOUND"].map((name) => ({ name }));

export function findingLines(findings: readonly Finding[], style: Style): string[] {
  const areas = [...new Set(findings.map(({ area }) => area))];
  const wrong = findings.filter(({ level }) => level !== "ok");
  return [
    ...areas.flatMap((area) => [
      style.bold(area.toUpperCase()),
      // Each table has the same headings, which are told by the area's.
      ...tableLines(columns, rowsOf(findings, area, style), style).slice(1),
      "",
    ]),
    ...(wrong.length === 0
      ? ["Nothing is wrong."]
      : wrong.flatMap((finding) => problemLines(finding, style))),
  ];
}

function rowsOf(findings: readonly Finding[], area: string, style: Style): string[][] {
  return findings
    .filter((finding) => finding.area === area)
    .map(({ level, check, found }) => [colored(level, style), check, found]);
}

function problemLines({ level, check, problem, nextStep }: Finding, style: Style): string[] {
  return [`${colored(level, style)}  ${check}: ${problem}`, `  next: ${nextStep}`];
}

function colored(level: Level, style: Style): string {
  if (level === "ok") return style.green(level);
  if (level === "fail") return style.red(level);
  return level === "warn" ? style.yellow(level) : style.dim(level);
}

/** For programs. */
export function findingsObject(findings: readonly Finding[]): object {
  const count = (wanted: Level) => findings.filter(({ level }) => level === wanted).length;
  return {
    healthy: count("fail") === 0,
    counts: {
      ok: count("ok"),
      warn: count("warn"),
      fail: count("fail"),
      unknown: count("unknown"),
    },
    findings,
  };
}
