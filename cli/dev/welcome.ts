/** What `synod dev` shows once its cluster can be used. */
import type { Style } from "../output/style.ts";
import { tableLines } from "../output/table.ts";
import type { ClusterPicture } from "../cluster/cluster-picture.ts";
import { regionLines } from "../cluster/region-report.ts";

export interface Welcome {
  readonly cluster: string;
  readonly picture: ClusterPicture;
  readonly labels: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly processes: Readonly<Record<string, number>>;
  readonly server: string;
  readonly brokerVersion: string;
  /** Where browsers connect, if anywhere. */
  readonly websocketPort: number | undefined;
  readonly directory: string;
  readonly startedInMs: number;
  /** As in `npx synod`. */
  readonly command: string;
  /** What has to be given to other commands so that they find this cluster. */
  readonly connectionFlag: string;
  readonly style: Style;
}

export function welcomeLines(welcome: Welcome): string[] {
  const { cluster, picture, startedInMs, server, brokerVersion, directory, style } = welcome;
  const { websocketPort } = welcome;
  const seconds = (startedInMs / 1000).toFixed(1);
  return [
    `${style.bold(`Cluster ${cluster} is running`)} (started in ${seconds} s). Ctrl-C stops it.`,
    "",
    ...nodeTable(welcome),
    "",
    ...groupTable(welcome),
    "",
    ...regionLines(picture.routing?.regions ?? [], picture.groups, style),
    "",
    `NATS: ${server} (nats-server ${brokerVersion})`,
    ...(websocketPort === undefined ? [] : [`For browsers: ws://127.0.0.1:${websocketPort}`]),
    `Data and logs: ${directory}`,
    "",
    style.bold("Try in another terminal:"),
    ...tryLines(welcome).map((line) => `  ${line}`),
  ];
}

function nodeTable({ picture, labels, processes, style }: Welcome): string[] {
  const rows = picture.nodes.map(({ node, word }) => [
    node,
    word?.barred?.code ?? word?.state ?? "no answer",
    Object.entries(labels.get(node) ?? {})
      .map(([name, value]) => `${name}=${value}`)
      .join(" "),
    String(processes[node] ?? ""),
    picture.groups
      .filter(({ leader }) => leader === node)
      .map(({ group }) => group)
      .join(" "),
  ]);
  const columns = ["NODE", "STATE", "LABELS", "PID", "LEADS"].map((name) => ({ name }));
  return tableLines(columns, rows, style);
}

function groupTable({ picture, style }: Welcome): string[] {
  const rows = picture.groups.map(({ group, leader, members }) => [
    group,
    leader ?? "none",
    members.map(({ node }) => node).join(" "),
  ]);
  const columns = ["GROUP", "LEADER", "MEMBERS"].map((name) => ({ name }));
  return tableLines(columns, rows, style);
}

function tryLines({ command, connectionFlag }: Welcome): string[] {
  const call = (rest: string): string => `${command} ${rest}${connectionFlag}`;
  return [
    call("put greeting hello"),
    call("get greeting"),
    call("incr visits"),
    call("range"),
    call("status"),
  ];
}
