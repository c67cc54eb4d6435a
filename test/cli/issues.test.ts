import { expect, test } from "vitest";
import { drawPicture } from "../../cli/cluster/cluster-picture.ts";
import { issuesOf } from "../../cli/cluster/issues.ts";
import { lagOf, statusLines } from "../../cli/cluster/status-report.ts";
import { styleFor } from "../../cli/output/style.ts";
import type { NodeStatus } from "../../infra/status/node-status.ts";
import type { ReplicaStatus } from "../../infra/status/replica-status.ts";

const members = ["n1", "n2", "n3"];
const plain = styleFor({ isTTY: false });

function replica(change: Partial<ReplicaStatus> = {}): ReplicaStatus {
  return {
    group: "g1",
    members,
    role: "follower",
    leader: "n1",
    ballot: { epoch: 1, round: 1, member: 1 },
    stopped: undefined,
    needsSnapshot: false,
    chosenThrough: 10,
    appliedThrough: 10,
    commitIndex: undefined,
    trimmedThrough: 0,
    checkpointThrough: 0,
    checkpoints: 0,
    trims: 0,
    logBytes: 0,
    tableBytes: 0,
    stateBytes: 0,
    stateMerging: false,
    lastRevision: 0,
    checksum: 0,
    watermark: 0,
    queuedFrames: 0,
    waitingReads: 0,
    asOfMs: 0,
    feedMessages: 0,
    actors: [],
    ...change,
  };
}

function word(node: string, change: Partial<NodeStatus> = {}): NodeStatus {
  return {
    node,
    nodes: members,
    version: "1.0.0",
    state: "serving",
    member: 1,
    incarnation: 1,
    clusterId: "c",
    connected: true,
    barred: undefined,
    problems: [],
    births: { g1: "born" },
    replicas: [replica()],
    unstartable: {},
    regionManager: "standby",
    flush: { appends: 0, p50Ms: 0, p99Ms: 0 },
    drops: {},
    vitals: {},
    ...change,
  };
}

const leading = { replicas: [replica({ role: "leader", commitIndex: 12 })] };

function issues(...words: readonly NodeStatus[]): string[] {
  return issuesOf(drawPicture(undefined, words)).map(({ code, text }) => `${code} ${text}`);
}

test("a whole cluster has none", () => {
  expect(issues(word("n1", leading), word("n2"), word("n3"))).toEqual([]);
});

test("a node that does not answer is known from those that do", () => {
  expect(issues(word("n1", leading), word("n3"))).toEqual(["NO_ANSWER n2 does not answer"]);
});

test("a group without a leader lacks a quorum, or only an election", () => {
  expect(issues(word("n1"))[0]).toBe(
    "NO_QUORUM group g1 has no leader: 1 of its 3 members take part (not: n2, n3)",
  );
  const stopped = { replicas: [replica({ role: "stopped" })] };
  expect(issues(word("n1"), word("n2", stopped), word("n3", stopped))[0]).toContain("NO_QUORUM");
  expect(issues(word("n1"), word("n2"), word("n3"))).toEqual([
    "NO_LEADER group g1 has no leader at the moment",
  ]);
});

test("a node that is barred says why, and nothing else", () => {
  const barred = { code: "LOST_STORE", text: "the log was lost" } as const;
  const lost = word("n2", { barred, state: "barred", replicas: [], births: {} });
  expect(issues(word("n1", leading), lost, word("n3"))).toEqual([
    "LOST_STORE n2 takes no part: the log was lost",
  ]);
});

test("stopped, unstartable and outdated replicas are told with their reasons", () => {
  const reason = { code: "STORAGE_FAILED", text: "no space left" } as const;
  const stopped = word("n2", { replicas: [replica({ role: "stopped", stopped: reason })] });
  const outdated = word("n3", {
    replicas: [replica({ role: "needs snapshot", needsSnapshot: true })],
    unstartable: { g2: { code: "CORRUPT_STORE", text: "a checksum fails" } },
  });
  expect(issues(word("n1", leading), stopped, outdated)).toEqual([
    "STORAGE_FAILED n2 stopped its replica of g1: no space left",
    "CORRUPT_STORE n3 could not start its replica of g2: a checksum fails",
    expect.stringContaining("NEEDS_SNAPSHOT n3 misses entries of g1"),
  ]);
});

test("a topology that differs, a birth under way and a node on its way are told", () => {
  const differing = word("n2", {
    problems: [{ code: "TOPOLOGY_DIFFERS", text: "group g1: its leaseMs is 600" }],
  });
  const starting = word("n3", { state: "introducing", births: { g1: "born", g2: "unborn" } });
  expect(issues(word("n1", leading), differing, starting)).toEqual([
    "NOT_BORN group g2 is not born yet, as far as n3 can tell",
    "TOPOLOGY_DIFFERS n2: group g1: its leaseMs is 600",
    "NOT_SERVING n3 is introducing",
  ]);
});

test("of two that believe to lead, the one with the higher ballot does", () => {
  const older = word("n2", { replicas: [replica({ role: "leader" })] });
  const newer = word("n3", {
    replicas: [replica({ role: "leader", ballot: { epoch: 1, round: 2, member: 3 } })],
  });
  const { groups } = drawPicture(undefined, [word("n1"), older, newer]);
  expect(groups[0]?.leader).toBe("n3");
});

test("the lag counts from what any member knows to be chosen", () => {
  const behind = word("n3", { replicas: [replica({ appliedThrough: 4 })] });
  const { groups } = drawPicture(undefined, [word("n1", leading), word("n2"), behind]);
  const lags = groups.flatMap((group) =>
    group.members.map((member) => lagOf(group, member.replica?.appliedThrough ?? 0)),
  );
  expect(lags).toEqual([2, 2, 8]);
});

test("a member that answers without taking part is told from one that does not answer", () => {
  const barred = { code: "LOST_STORE", text: "the log was lost" } as const;
  const lost = word("n2", { barred, state: "barred", replicas: [], births: {} });
  const picture = drawPicture(undefined, [word("n1", leading), lost]);
  const text = statusLines(picture, issuesOf(picture), plain).join("\n");
  expect(text).toMatch(/^ +n2 +no part$/m);
  expect(text).toMatch(/^ +n3 +no answer$/m);
});

test("what several nodes say of their topology is told once", () => {
  const problems = [{ code: "TOPOLOGY_DIFFERS", text: "group g1: its leaseMs is 600" }];
  expect(
    issues(word("n1", { ...leading, problems }), word("n2", { problems }), word("n3")),
  ).toEqual(["TOPOLOGY_DIFFERS n1, n2: group g1: its leaseMs is 600"]);
});

test("the report names what is wrong, and what to do", () => {
  const picture = drawPicture(undefined, [word("n1", leading), word("n3")]);
  const text = statusLines(picture, issuesOf(picture), plain).join("\n");
  expect(text).toMatch(/^n2 +no answer$/m);
  expect(text).toContain(
    "ISSUES (1)\nNO_ANSWER  n2 does not answer\n  next: Start the node, or look at its log.",
  );
});
