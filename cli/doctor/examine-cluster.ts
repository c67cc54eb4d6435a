/** What can be said about the nodes of a cluster: who answers, how fast, by which clock, and what they complain about. */
import { Asking } from "../../client/asking.ts";
import type { Inbox } from "../../client/core/inbox.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import type { NodeStatus } from "../../infra/status/node-status.ts";
import { regionBoundText } from "../../infra/codec/region-bound.ts";
import type { Topology } from "../../infra/topology/topology.ts";
import type { Transport } from "../../infra/transport/transport.ts";
import { isNodeStatus } from "../cluster/cluster-questions.ts";
import type { ClusterPicture } from "../cluster/cluster-picture.ts";
import { issuesOf } from "../cluster/issues.ts";
import { lagOf } from "../cluster/status-report.ts";
import { countText, millisecondsText } from "../output/quantities.ts";
import { finding, levelOf, type Finding } from "./finding.ts";

const area = "cluster";

/** One answer of a node to one question. */
export interface Sample {
  readonly node: string;
  readonly roundTripMs: number;
  /** The node's clock against this machine's, supposing that both ways took as long. Undefined: it does not tell. */
  readonly offsetMs: number | undefined;
}

const rounds = 5;

/** Asks every node several times over. */
export async function sampleNodes(
  transport: Transport,
  inbox: Inbox,
  prefix: string,
  nodeCount: number,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let round = 0; round < rounds; round++) {
    samples.push(...(await sampleOnce(transport, inbox, prefix, nodeCount)));
  }
  return samples;
}

/** Before the question would be repeated, which would make an answer look slower than it was. */
const sampleMsMax = 400;

function sampleOnce(
  transport: Transport,
  inbox: Inbox,
  prefix: string,
  nodeCount: number,
): Promise<Sample[]> {
  return new Promise((resolve) => {
    const samples: Sample[] = [];
    const [askedMs, askedWallMs] = [performance.now(), Date.now()];
    const asking = new Asking({
      transport,
      inbox,
      clock: systemClock,
      subject: `${prefix}.admin.get.node`,
      signal: undefined,
      heard: (answer) => {
        if (!isNodeStatus(answer)) return;
        samples.push(sampleOf(answer, performance.now() - askedMs, askedWallMs));
        if (samples.length < nodeCount) return;
        asking.end();
        resolve(samples);
      },
      failed: () => undefined,
      ended: () => undefined,
    });
    asking.endsAfter(sampleMsMax, () => resolve(samples));
    asking.begin();
  });
}

function sampleOf({ node, vitals }: NodeStatus, roundTripMs: number, askedWallMs: number): Sample {
  const wallMs = vitals["wallMs"];
  const offsetMs = wallMs === undefined ? undefined : wallMs - (askedWallMs + roundTripMs / 2);
  return { node, roundTripMs, offsetMs };
}

/** The quickest answer of each node is the best one to judge by. */
export function bestSamples(samples: readonly Sample[]): readonly Sample[] {
  const best = new Map<string, Sample>();
  for (const sample of samples) {
    const known = best.get(sample.node);
    if (known === undefined || sample.roundTripMs < known.roundTripMs)
      best.set(sample.node, sample);
  }
  return [...best.values()].toSorted((left, right) => left.node.localeCompare(right.node));
}

export function examineNodes(picture: ClusterPicture, samples: readonly Sample[]): Finding[] {
  const best = bestSamples(samples);
  return [
    ...picture.nodes.map(({ node, word }) =>
      examineNode(
        node,
        word,
        best.find((sample) => sample.node === node),
      ),
    ),
    ...(best.length === 0 ? [] : [examineClocks(best)]),
    ...examineVersions(picture),
    ...lagging(picture),
    ...issues(picture),
  ];
}

// A lease lasts 600 ms unless configured.
const slowLoop = { warn: 100, fail: 600 };
const slowFlush = { warn: 50, fail: 1_000 };
const slowAnswer = { warn: 100, fail: Infinity };

function examineNode(
  node: string,
  word: NodeStatus | undefined,
  sample: Sample | undefined,
): Finding {
  const about = { area, check: `node ${node}` } as const;
  if (word === undefined) {
    const problem = "it is down, cut off, or not allowed to be asked";
    const step = "Start the node, or look at its log.";
    return finding({ ...about, found: "does not answer" }, "fail", problem, step);
  }
  const { flush, vitals } = word;
  const loopMs = vitals["loopDelayP99Ms"] ?? 0;
  const flushMs = flush.appends === 0 ? 0 : flush.p99Ms;
  const answerMs = sample?.roundTripMs ?? 0;
  const found = [
    sample === undefined ? "answers late" : `answers in ${millisecondsText(answerMs)}`,
    `event loop late by ${millisecondsText(loopMs)} (p99)`,
    flush.appends === 0 ? "no flush yet" : `flush ${millisecondsText(flushMs)} (p99)`,
  ].join(", ");
  const measured = { answerMs, loopDelayP99Ms: loopMs, flushP99Ms: flushMs };
  const [level, problem, step] = worst([
    [
      levelOf(loopMs, slowLoop),
      "its event loop is late: leases and elections suffer",
      "Give the node a core of its own; look for other programs on the machine.",
    ],
    [
      levelOf(flushMs, slowFlush),
      "its disk is slow: writes wait for it whenever it is needed for a majority",
      "Run `synod doctor --data DIRECTORY` on its machine, and look for what else writes there.",
    ],
    [
      levelOf(answerMs, slowAnswer),
      "it answers slowly",
      "Look at the machine's load and the way to it.",
    ],
  ]);
  return finding({ ...about, found, measured }, level, problem, step);
}

type Judgement = readonly [level: Finding["level"], problem: string, step: string];

function worst(judgements: readonly [Judgement, ...Judgement[]]): Judgement {
  const at = (wanted: string) => judgements.find(([level]) => level === wanted);
  return at("fail") ?? at("warn") ?? judgements[0];
}

/** Revisions tolerate a second between nodes. */
const clockOffset = { warn: 250, fail: 1_000 };

export function examineClocks(samples: readonly Sample[]): Finding {
  const known = samples.flatMap(({ node, offsetMs, roundTripMs }) =>
    offsetMs === undefined ? [] : [{ node, offsetMs, uncertainMs: roundTripMs / 2 }],
  );
  const offsets = known.map(({ offsetMs }) => offsetMs);
  const uncertainMs = Math.max(0, ...known.map(({ uncertainMs }) => uncertainMs));
  const spreadMs = Math.max(0, Math.max(...offsets) - Math.min(...offsets) - 2 * uncertainMs);
  const list = known.map(
    ({ node, offsetMs }) =>
      `${node} ${offsetMs < 0 ? "-" : "+"}${Math.round(Math.abs(offsetMs))} ms`,
  );
  const about = {
    area,
    check: "clocks",
    found:
      known.length === 0
        ? "no node tells its time"
        : `${list.join(", ")} against this machine (± ${millisecondsText(uncertainMs)})`,
    measured: Object.fromEntries(known.map(({ node, offsetMs }) => [node, Math.round(offsetMs)])),
  } as const;
  if (known.length === 0) {
    return finding(about, "unknown", "the nodes are older than this command", "Upgrade them.");
  }
  return finding(
    about,
    levelOf(spreadMs, clockOffset),
    "the nodes' clocks are apart: beyond a second requests fail with CLOCK_TOO_FAR_AHEAD",
    "Keep the machines' time with NTP (chrony, systemd-timesyncd).",
  );
}

function examineVersions({ nodes }: ClusterPicture): Finding[] {
  const versions = new Map<string, string[]>();
  for (const { node, word } of nodes) {
    if (word !== undefined)
      versions.set(word.version, [...(versions.get(word.version) ?? []), node]);
  }
  if (versions.size === 0) return [];
  const found = [...versions].map(([version, names]) => `${version} on ${names.join(", ")}`);
  const level = versions.size > 1 ? "warn" : "ok";
  const problem = "the nodes run several versions";
  const about = { area, check: "versions", found: found.join("; ") } as const;
  return [finding(about, level, problem, "Restart the older ones with the newer version.")];
}

/** Entries that a member may be behind without anybody having to care. */
const lag = { warn: 5_000, fail: Infinity };

function lagging({ groups }: ClusterPicture): Finding[] {
  return groups.map((group) => {
    const behind = group.members.flatMap(({ node, replica }) =>
      replica === undefined ? [] : [{ node, entries: lagOf(group, replica.appliedThrough) }],
    );
    const most = Math.max(0, ...behind.map(({ entries }) => entries));
    const names = behind.filter(({ entries }) => entries > lag.warn).map(({ node }) => node);
    const about = {
      area,
      check: `group ${group.group}`,
      found: `led by ${group.leader ?? "nobody"}, at most ${countText(most)} entries behind`,
      measured: { entriesBehind: most },
    } as const;
    const problem = `${names.join(", ")} apply more slowly than others write`;
    return finding(about, levelOf(most, lag), problem, "Look at the node's disk and load.");
  });
}

function issues(picture: ClusterPicture): Finding[] {
  return issuesOf(picture)
    .filter(({ code }) => code !== "NO_ANSWER")
    .map(({ code, text, nextStep }) =>
      finding({ area, check: code, found: text }, "fail", "the cluster says so itself", nextStep),
    );
}

/** What a topology file declares otherwise than the cluster runs it. */
export function examineTopology(
  path: string,
  topology: Topology,
  { nodes, groups, routing }: ClusterPicture,
): Finding {
  const differences = [
    ...differingSets(
      "nodes",
      nodes.map(({ node }) => node),
      topology.nodes.map(({ name }) => name),
    ),
    ...differingSets(
      "groups",
      groups.map(({ group }) => group),
      topology.groups.map(({ name }) => name),
    ),
    ...topology.groups.flatMap(({ name, members }) => {
      const running = groups.find(({ group }) => group === name);
      const names = running?.members.map(({ node }) => node).join(", ");
      const declared = members.join(", ");
      return names === undefined || names === declared
        ? []
        : [`members of ${name}: ${names} run, the file has ${declared}`];
    }),
    ...(routing === undefined
      ? []
      : differingSets(
          "regions",
          routing.regions.map(({ start, group }) => `${regionBoundText(start)} in ${group}`),
          topology.regions.map(({ start, group }) => `${regionBoundText(start)} in ${group}`),
        )),
  ];
  const found = differences.length === 0 ? `${path} is what runs` : differences.join("; ");
  const level = differences.length === 0 ? "ok" : "fail";
  const problem = "nodes that start with this file are not part of this cluster as it is";
  const step = "Use the file the cluster was born with; `synod regions` shows what runs.";
  return finding({ area, check: "topology", found }, level, problem, step);
}

function differingSets(
  what: string,
  running: readonly string[],
  declared: readonly string[],
): string[] {
  const only = running.filter((name) => !declared.includes(name));
  const missing = declared.filter((name) => !running.includes(name));
  return [
    ...(only.length === 0 ? [] : [`${what} only running: ${only.join(", ")}`]),
    ...(missing.length === 0 ? [] : [`${what} only in the file: ${missing.join(", ")}`]),
  ];
}
