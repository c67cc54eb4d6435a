/** A run's results as text. */
import { capacityTargets, type CapacityTarget } from "./targets.ts";
import type { CapacityResult } from "./results.ts";
import type { Restart } from "./restart.ts";

export function renderCapacity(result: CapacityResult): string {
  const { machine, natsServer, options, growth, memory, restarts } = result;
  const { processor, cores, memoryGiB, kernel, fileSystem, node } = machine;
  const lines = [
    `${cores} x ${processor}, ${memoryGiB} GiB, Linux ${kernel}, ${fileSystem}, Node ${node}, nats-server ${natsServer}`,
    `three node processes, their nats-server and the client on this machine; all keys in one store group; a put of ${options.valueBytes} B is answered when two nodes have it on disk (fdatasync)`,
    ...(options.quick
      ? ["This was a quick run: it shows that everything works, and no figures."]
      : []),
    "",
    ...table(
      ["target", "verdict", "measured", "at least", "aim"],
      capacityTargets(result).map(targetRow),
    ),
    "",
  ];
  if (growth.length > 0) {
    lines.push(...growthTable(result), "");
  }
  if (memory !== undefined) {
    const { loadedMiB, busyMiB, idleMiB, stateMiB } = memory;
    lines.push(
      `${options.keys.toLocaleString("en")} keys, ${stateMiB.toFixed(0)} MiB on each node's disk; anonymous memory of the largest node, MiB:`,
      `loaded ${loadedMiB.toFixed(0)}, at its highest while ${options.callers} callers put ${busyMiB.toFixed(0)}, idle again ${idleMiB.toFixed(0)}`,
      "",
    );
  }
  if (restarts.length > 0) lines.push(...table(restartHeading, restarts.map(restartRow)));
  return lines.join("\n");
}

function targetRow({ what, unit, value, atLeast, aim, verdict }: CapacityTarget): string[] {
  const measured = value === undefined ? "–" : `${value.toFixed(2)} ${unit}`;
  return [what, verdict, measured, `${atLeast} ${unit}`, `${aim} ${unit}`];
}

function growthTable({ growth }: CapacityResult): readonly string[] {
  const heading = [
    "keys",
    "CPU us/put: nodes",
    "broker",
    "client",
    "puts/s",
    "errors",
    "checkpoints",
    "trims",
    "MiB on disk",
    "MiB anonymous",
    "others' cores",
  ];
  const rows = growth.map((cost) => [
    cost.keys.toLocaleString("en"),
    cost.nodesCpuUs.toFixed(1),
    cost.brokerCpuUs.toFixed(1),
    cost.clientCpuUs.toFixed(1),
    Math.round(cost.putsPerSecond).toLocaleString("en"),
    String(cost.errors),
    String(cost.checkpoints),
    String(cost.trims),
    cost.stateMiB.toFixed(0),
    cost.anonymousMiB.toFixed(0),
    cost.coresUsedByOthers.toFixed(2),
  ]);
  return table(heading, rows);
}

const restartHeading = ["killed", "s to an answer", "caught up", "tail, MiB", "slots"];

function restartRow({ killed, answeredMs, caughtUpMs, tailMiB, tailSlots }: Restart): string[] {
  return [
    killed,
    (answeredMs / 1000).toFixed(2),
    caughtUpMs === undefined ? "–" : (caughtUpMs / 1000).toFixed(2),
    tailMiB.toFixed(1),
    String(tailSlots),
  ];
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [heading, ...rows];
  const widths = heading.map((_, at) => Math.max(...all.map((row) => row[at]?.length ?? 0)));
  const lines = all.map(
    (row) => `| ${row.map((text, at) => text.padStart(widths[at] ?? 0)).join(" | ")} |`,
  );
  lines.splice(1, 0, `| ${widths.map((width) => `${"-".repeat(width - 1)}:`).join(" | ")} |`);
  return lines;
}
