/** What is wrong with a cluster, each with its reason and what to do. */
import { errorTable, isErrorCode } from "../../infra/errors/error-table.ts";
import type { NodeStatus } from "../../infra/status/node-status.ts";
import type { StopReason } from "../../infra/status/stop-reason.ts";
import type { ClusterPicture, GroupPicture } from "./cluster-picture.ts";

export interface Issue {
  /** A code of the error table, or one of those below, which no operation fails with. */
  readonly code: string;
  readonly text: string;
  readonly nextStep: string;
}

const nextSteps: Readonly<Record<string, string>> = {
  NO_ANSWER: "Start the node, or look at its log.",
  NOT_SERVING: "Wait a moment; if it stays so, look at the node's log.",
  NOT_BORN: "Start the other members: a group is born once all of them run.",
  NO_LEADER: "Wait a moment: an election takes about a second.",
};

/** The worst first: what stops whole groups, then what stops nodes. */
export function issuesOf(picture: ClusterPicture): Issue[] {
  return [
    ...picture.groups.flatMap(groupIssues),
    ...unborn(picture),
    ...problems(picture),
    ...picture.nodes.flatMap(({ node, word }) =>
      word === undefined ? [issue("NO_ANSWER", `${node} does not answer`)] : nodeIssues(word),
    ),
  ];
}

function groupIssues({ group, leader, members }: GroupPicture): Issue[] {
  if (leader !== undefined) return [];
  const absent = members.filter(
    ({ replica }) => replica === undefined || replica.role === "stopped",
  );
  const present = members.length - absent.length;
  if (present > members.length / 2) {
    return [issue("NO_LEADER", `group ${group} has no leader at the moment`)];
  }
  const names = absent.map(({ node }) => node).join(", ");
  const text = `group ${group} has no leader: ${present} of its ${members.length} members take part (not: ${names})`;
  return [issue("NO_QUORUM", text)];
}

/** `observing`: the node only wants to know which cluster there is. */
const settledBirths: ReadonlySet<string> = new Set(["born", "lost", "observing"]);

function unborn({ nodes }: ClusterPicture): Issue[] {
  const waiting = new Map<string, string[]>();
  for (const { node, word } of nodes) {
    if (word === undefined || word.barred !== undefined) continue;
    for (const [group, state] of Object.entries(word.births)) {
      if (settledBirths.has(state)) continue;
      waiting.set(group, [...(waiting.get(group) ?? []), node]);
    }
  }
  return [...waiting].map(([group, names]) =>
    issue("NOT_BORN", `group ${group} is not born yet, as far as ${names.join(", ")} can tell`),
  );
}

/** Nodes that were started with one file have the same problems with it. */
function problems({ nodes }: ClusterPicture): Issue[] {
  const found = new Map<string, { readonly code: string; readonly names: string[] }>();
  for (const { node, word } of nodes) {
    for (const { code, text } of word?.problems ?? []) {
      const { names } = found.get(text) ?? { names: [] };
      found.set(text, { code, names: [...names, node] });
    }
  }
  return [...found].map(([text, { code, names }]) => issue(code, `${names.join(", ")}: ${text}`));
}

function nodeIssues(word: NodeStatus): Issue[] {
  const { node, barred, state, unstartable, replicas } = word;
  if (barred !== undefined) return [reasonIssue(`${node} takes no part`, barred)];
  const found = state === "serving" ? [] : [issue("NOT_SERVING", `${node} is ${state}`)];
  for (const [group, reason] of Object.entries(unstartable)) {
    found.push(reasonIssue(`${node} could not start its replica of ${group}`, reason));
  }
  for (const { group, stopped, needsSnapshot } of replicas) {
    if (stopped !== undefined) {
      found.push(reasonIssue(`${node} stopped its replica of ${group}`, stopped));
    } else if (needsSnapshot) {
      const text = `${node} misses entries of ${group} that no member has any more: it votes, but never leads or serves`;
      found.push(issue("NEEDS_SNAPSHOT", text));
    }
  }
  return found;
}

function reasonIssue(what: string, { code, text }: StopReason): Issue {
  return issue(code, `${what}: ${text}`);
}

function issue(code: string, text: string): Issue {
  const nextStep = isErrorCode(code) ? errorTable[code].nextStep : nextSteps[code];
  return { code, text, nextStep: nextStep ?? "Look at the node's log." };
}
