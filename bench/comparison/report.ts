/** A run's results as tables of text, for the terminal and for docs/benchmarks.md. */
import { cellName, sizeName, type Cell } from "./cell.ts";
import { titles, type ContestantName } from "./contestant.ts";
import { measurementsOf, median, ratioWithinRounds, throughput } from "./ratios.ts";
import { isMeasured, type CellResult, type ComparisonResult, type Measurement } from "./results.ts";
import { judge } from "./targets.ts";

export interface ReportTable {
  readonly title: string;
  readonly note?: string;
  readonly heading: readonly string[];
  /** How many columns, from the left, are words; the others are numbers. */
  readonly words: number;
  readonly rows: readonly (readonly string[])[];
}

const etcd = ["etcd", "etcd-debian"] as const;
const nothing = "–";

const workloadNotes: Partial<Record<Cell["workload"], string>> = {
  get: "Linearizable, but for JetStream's: its direct get is answered by any replica and may miss the newest writes.",
  mix: "Nine gets, one put; gets as above.",
  cas: "All callers on one key. An operation is a write that came through, however many refusals it took; conflicts are refusals for each of them.",
  range: "100 keys in order, linearizable. JetStream has no ranges.",
  watch:
    "Deliveries to all subscribers together, each with a connection of its own; latency from the put's issue to the delivery. A caller goes on when everybody has heard.",
};

export function targetTable(result: ComparisonResult): ReportTable {
  return {
    title: "Targets",
    heading: ["target", "verdict", "ratio", "at least", "aim"],
    words: 2,
    rows: judge(result).map(({ target, ratio, verdict, doubts }) => {
      const bound = (value: number): string =>
        target.of === "p50" ? `at most ${value}x` : `${value}x`;
      const said = doubts.length === 0 ? verdict : `${verdict} (${doubts.join("; ")})`;
      const measured = ratio === undefined ? nothing : `${ratio.toFixed(2)}x`;
      return [target.what, said, measured, bound(target.atLeast), bound(target.aim)];
    }),
  };
}

/** One for each workload, size and kind of loop. */
export function cellTables(result: ComparisonResult): readonly ReportTable[] {
  const groups = new Map<string, CellResult[]>();
  for (const cell of result.cells) {
    const title = groupTitle(cell.cell);
    groups.set(title, [...(groups.get(title) ?? []), cell]);
  }
  return [...groups].map(([title, cells]) => cellTable(title, cells, result));
}

function groupTitle({ workload, valueBytes, ratePerSecond }: Cell): string {
  const loop = ratePerSecond === undefined ? "" : ", open loop";
  return `${workload}, ${sizeName(valueBytes)}${loop}`;
}

function cellTable(
  title: string,
  cells: readonly CellResult[],
  result: ComparisonResult,
): ReportTable {
  const workload = cells[0]?.cell.workload ?? "put";
  const isOpen = cells[0]?.cell.ratePerSecond !== undefined;
  const isCas = workload === "cas";
  const note = [
    workloadNotes[workload],
    isOpen ? "Latency from the moment an operation was meant to begin." : undefined,
  ]
    .filter((text) => text !== undefined)
    .join(" ");
  return {
    title,
    ...(note === "" ? {} : { note }),
    heading: [
      isOpen ? "offered/s" : "callers",
      "system",
      workload === "watch" ? "deliveries/s" : "operations/s",
      "vs etcd",
      "p50 ms",
      "p99",
      "p99.9",
      "CPU s/1000",
      "of it client",
      "MiB",
      "errors",
      ...(isOpen ? ["unfinished"] : []),
      ...(isCas ? ["conflicts"] : []),
      "checkpoints, trims",
    ],
    words: 2,
    rows: cells.flatMap((cell) =>
      result.contestants.flatMap(({ name }) => rowsOf(cell, name, isOpen, isCas)),
    ),
  };
}

/** None where the contestant has no such workload. */
function rowsOf(
  cell: CellResult,
  name: ContestantName,
  isOpen: boolean,
  isCas: boolean,
): readonly (readonly string[])[] {
  const all = cell.measured[name] ?? [];
  if (all.length === 0) return [];
  const load = (cell.cell.ratePerSecond ?? cell.cell.callers).toLocaleString("en");
  const own = measurementsOf(cell, name);
  if (own.length === 0) {
    const failure = all.find((one) => !isMeasured(one));
    const why = failure !== undefined && !isMeasured(failure) ? failure.failure : "";
    return [[load, titles[name], "failed", "", "", "", "", "", "", "", why.slice(0, 100)]];
  }
  const of = (quantity: (measurement: Measurement) => number): number =>
    median(own.map(quantity)) ?? 0;
  const milliseconds = (percentile: "p50" | "p99" | "p999"): string =>
    (of(({ latencyUs }) => latencyUs[percentile]) / 1000).toFixed(2);
  const ratio = ratioWithinRounds(cell, name, etcd, throughput, "most");
  const client = of(({ cpuSecondsPerThousand }) => cpuSecondsPerThousand.client);
  const servers = of(({ cpuSecondsPerThousand }) => cpuSecondsPerThousand.servers);
  const memory = of(({ anonymousMiB }) => anonymousMiB);
  const conflicts = of(({ conflictsPerOperation }) => conflictsPerOperation);
  return [
    [
      load,
      titles[name],
      Math.round(of(throughput)).toLocaleString("en"),
      ratio === undefined ? nothing : `${ratio.toFixed(2)}x`,
      milliseconds("p50"),
      milliseconds("p99"),
      milliseconds("p999"),
      (client + servers).toFixed(4),
      client.toFixed(4),
      memory === 0 ? nothing : memory.toFixed(0),
      errorText(own, all.length - own.length),
      ...(isOpen ? [String(own.reduce((sum, { unfinished }) => sum + unfinished, 0))] : []),
      ...(isCas ? [conflicts.toFixed(1)] : []),
      workText(own),
    ],
  ];
}

function errorText(own: readonly Measurement[], failedRounds: number): string {
  const counts = new Map<string, number>();
  for (const { errors } of own) {
    for (const [code, count] of Object.entries(errors)) {
      counts.set(code, (counts.get(code) ?? 0) + count);
    }
  }
  const texts = [...counts].map(([code, count]) => `${count} ${code}`);
  if (failedRounds > 0) texts.push(`${failedRounds} rounds failed`);
  if (own.some(({ disturbed }) => disturbed === true)) texts.push("restarts");
  return texts.length === 0 ? "0" : texts.join(", ");
}

/** The round with the fewest. */
function workText(own: readonly Measurement[]): string {
  const counted = own.filter(({ checkpoints }) => checkpoints !== undefined);
  if (counted.length === 0) return nothing;
  const least = (of: "checkpoints" | "trims"): number =>
    Math.min(...counted.map((measurement) => measurement[of] ?? 0));
  return `${least("checkpoints")}, ${least("trims")}`;
}

export function systemTable({ contestants, skipped }: ComparisonResult): ReportTable {
  return {
    title: "Systems",
    heading: ["system", "version", "an acknowledgement means", "client", "connections"],
    words: 4,
    rows: [
      ...contestants.map(({ name, version, durability, client, connections }) => [
        titles[name],
        version,
        durability,
        client,
        String(connections),
      ]),
      ...skipped.map(({ name, install }) => [
        titles[name],
        "not installed, skipped",
        install,
        nothing,
        nothing,
      ]),
    ],
  };
}

/** What a reader has to know to read the tables, a sentence or two each. */
export function methods(result: ComparisonResult): readonly string[] {
  const { machine, options, cells } = result;
  const { processor, cores, memoryGiB, kernel, fileSystem, node } = machine;
  const others = cells.flatMap(({ measured }) =>
    Object.values(measured).flatMap((all) =>
      all.filter(isMeasured).map(({ coresUsedByOthers }) => coresUsedByOthers),
    ),
  );
  const sizes = new Set(cells.map(({ cell }) => cell.valueBytes));
  const keys = options.keys.toLocaleString("en");
  const fewer = Math.floor(options.keys / 10).toLocaleString("en");
  return [
    `${cores} x ${processor}, ${memoryGiB} GiB, Linux ${kernel}, data on ${fileSystem}, Node ${node}. All processes of a system, its client included, share two cores.`,
    `${keys} keys of 128 B${sizes.has(4096) ? `, ${fewer} of 4 KiB` : ""}, uniformly chosen, ${options.spreadKeys ? "in three regions of two groups of Synod" : "all in one store group of Synod, as they are in one Raft group of etcd and one stream"}.`,
    `${options.rounds} ${options.rounds === 1 ? "round" : "rounds"}; in each, every system is measured at each cell for ${secondsText(result)} after ${options.warmUpSeconds} s of warm-up, while all others stand still (SIGSTOP) and what they wrote is flushed. Figures are medians of the rounds, ratios medians of the ratios within rounds.`,
    ...(options.brief
      ? ["Cells that no target is about were measured in the first round only, and half as long."]
      : []),
    `vs etcd: against the faster of the two. Latency in a closed loop lasts from a caller's issue to its answer. CPU seconds for each 1,000 operations are user and system time of all server processes and the client. MiB is anonymous memory of all server processes together, the most of five looks a second. Other programs used up to ${Math.max(0, ...others).toFixed(2)} cores.`,
    ...(options.quick
      ? [
          "This was a quick run: few keys, short, one round. It shows that everything works, and no figures.",
        ]
      : []),
  ];
}

/** As in `8 s (put 128 B, 64 callers: 30 s)`. */
function secondsText({ options, cells }: ComparisonResult): string {
  const longer = cells.flatMap((cell) => {
    const seconds = Math.round(
      Math.max(
        0,
        ...Object.values(cell.measured)
          .flat()
          .filter(isMeasured)
          .map((one) => one.seconds),
      ),
    );
    return seconds > options.seconds + 1 ? [`${cellName(cell.cell)}: up to ${seconds} s`] : [];
  });
  const usual = `${options.seconds} s`;
  return longer.length === 0 ? usual : `${usual} (${longer.join("; ")})`;
}

/** `more`: of what was measured by itself. */
export function allTables(
  result: ComparisonResult,
  more: readonly ReportTable[],
): readonly ReportTable[] {
  return [targetTable(result), ...more, ...cellTables(result), systemTable(result)];
}
