/** What `synod status` prints. */
import { tableLines, type Column } from "../output/table.ts";
import { bytesText, countText, durationText, millisecondsText } from "../output/quantities.ts";
import type { Style } from "../output/style.ts";
import type { ClusterPicture, GroupPicture, MemberPicture } from "./cluster-picture.ts";
import type { Issue } from "./issues.ts";
import { regionLines, regionsObject } from "./region-report.ts";

export function statusLines(
  picture: ClusterPicture,
  issues: readonly Issue[],
  style: Style,
): string[] {
  return [
    ...nodeLines(picture, style),
    "",
    ...groupLines(picture.groups, style),
    ...regionSection(picture, style),
    "",
    ...issueLines(issues, style),
  ];
}

/** The same for programs, with everything that each node says of itself. */
export function statusObject(
  { routing, nodes, groups }: ClusterPicture,
  issues: readonly Issue[],
): object {
  return {
    issues,
    groups: groups.map(({ group, leader, members }) => ({
      group,
      leader: leader ?? null,
      members: members.map(({ node }) => node),
    })),
    routing: routing === undefined ? null : regionsObject(routing),
    nodes: nodes.map(({ node, word }) => ({ node, answered: word !== undefined, ...word })),
  };
}

const nodeColumns: readonly Column[] = [
  { name: "NODE" },
  { name: "STATE" },
  { name: "PID", align: "right" },
  { name: "LEADS" },
  { name: "VERSION" },
  { name: "UP", align: "right" },
  { name: "MEMORY", align: "right" },
  { name: "FSYNC P99", align: "right" },
  { name: "LOOP DELAY P99", align: "right" },
];

function nodeLines({ nodes, groups }: ClusterPicture, style: Style): string[] {
  const rows = nodes.map(({ node, word }) => {
    const leads = groups.filter(({ leader }) => leader === node).map(({ group }) => group);
    if (word === undefined) return [node, style.red("no answer"), "", "", "", "", "", "", ""];
    const { barred, state, version, vitals, flush } = word;
    return [
      node,
      barred === undefined ? state : style.red(barred.code),
      String(vitals["pid"] ?? "-"),
      leads.join(" "),
      version,
      durationText(vitals["uptimeMs"]),
      bytesText(vitals["rssBytes"]),
      flush.appends === 0 ? "-" : millisecondsText(flush.p99Ms),
      millisecondsText(vitals["loopDelayP99Ms"]),
    ];
  });
  return tableLines(nodeColumns, rows, style);
}

const groupColumns: readonly Column[] = [
  { name: "GROUP" },
  { name: "NODE" },
  { name: "ROLE" },
  { name: "APPLIED", align: "right" },
  { name: "LAG", align: "right" },
  { name: "CHECKPOINT (WRITTEN)", align: "right" },
  { name: "TRIMMED (TIMES)", align: "right" },
  { name: "LOG", align: "right" },
  { name: "STATE", align: "right" },
];

function groupLines(groups: readonly GroupPicture[], style: Style): string[] {
  const rows = groups.flatMap((group) =>
    group.members.map((member, index) => memberRow(group, member, index === 0, style)),
  );
  return tableLines(groupColumns, rows, style);
}

const noReplica = groupColumns.slice(3).map(() => "");

function memberRow(
  group: GroupPicture,
  { node, answered, replica }: MemberPicture,
  isFirst: boolean,
  style: Style,
): string[] {
  const name = isFirst ? group.group : "";
  if (replica === undefined) {
    return [name, node, style.red(answered ? "no part" : "no answer"), ...noReplica];
  }
  const { role, appliedThrough, checkpointThrough, checkpoints, trims, trimmedThrough } = replica;
  const roleText = role === "leader" ? style.bold(role) : role;
  return [
    name,
    node,
    role === "stopped" || role === "needs snapshot" ? style.red(roleText) : roleText,
    countText(appliedThrough),
    countText(lagOf(group, appliedThrough)),
    `${countText(checkpointThrough)} (${checkpoints})`,
    `${countText(trimmedThrough)} (${trims})`,
    bytesText(replica.logBytes),
    bytesText(replica.stateBytes),
  ];
}

/** Entries that some member knows to be chosen and this one has not applied. */
export function lagOf({ members }: GroupPicture, appliedThrough: number): number {
  const chosen = members.map(({ replica }) =>
    Math.max(replica?.chosenThrough ?? 0, replica?.commitIndex ?? 0),
  );
  return Math.max(0, ...chosen.map((through) => through - appliedThrough));
}

function regionSection({ routing, groups }: ClusterPicture, style: Style): string[] {
  if (routing === undefined) return [];
  return ["", ...regionLines(routing.regions, groups, style)];
}

function issueLines(issues: readonly Issue[], style: Style): string[] {
  if (issues.length === 0) return ["No issues."];
  return [
    style.bold(`ISSUES (${issues.length})`),
    ...issues.flatMap(({ code, text, nextStep }) => [
      `${style.red(code)}  ${text}`,
      `  next: ${nextStep}`,
    ]),
  ];
}
