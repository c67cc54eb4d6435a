/**
 * What has to come about when faults end. In some runs a majority of every group is mended first and the others stay
 * broken: that has to be enough. Then there is calm: leaders stay, and in the end nothing is open anywhere.
 */
import type { SeededRandomness } from "../infra/randomness/seeded-randomness.ts";
import type { Topology } from "../infra/topology/topology.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import { everyFault, type FaultClass } from "./faults/every-fault.ts";
import type { Fault } from "./faults/stage.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import { Violation } from "./violation.ts";
import type { History } from "./workload/history.ts";

/** A client of which it can be said whether it waits for anything. */
export interface RestingClient {
  readonly isAtRest: boolean;
}

export interface LivenessOptions {
  readonly cluster: SimulatedCluster;
  readonly randomness: SeededRandomness;
  readonly history: History;
  /** That clients write to: their groups have to go on. */
  readonly keys: readonly InternalKey[];
  /** Mends all but these. */
  readonly mend: (leftBroken: ReadonlySet<string>) => void;
}

export interface Liveness {
  /** Nodes that stayed broken while the others went on. */
  readonly leftBroken: number;
  /** From the end of faults until clients were answered again. */
  readonly recoveredInMs: number;
  /** Leaders that were replaced although nothing was wrong. */
  readonly calmLeaderChanges: number;
}

const minorityChance = 0.4;
/** Clients are answered again within this time. */
const recoveryMsMax = 5_000;
const newAnswers = 50;
/** In every group that clients write to. */
const newSlots = 5;
/** Until what began under faults has come to its end. */
const settlingMs = 300;
/** How long it is watched that nothing changes while clients go on. */
const calmMs = 2_000;
/** What a fault did to a leader may show only when the calm has begun. */
const calmLeaderChangesMax = 1;

/** A node that is left broken is as the nemesis left it, and perhaps this befalls it too. */
const worse: readonly (FaultClass | undefined)[] = [
  undefined,
  "crash",
  "pause",
  "suspend",
  "partition",
  "one-way partition",
  "partial partition",
  "deafness",
  "clog",
  "failed flush",
  "full log disk",
  "slow disk",
];

/** Ends all faults and returns when clients are answered, having let some more time pass in which nothing goes wrong. */
export function recover(options: LivenessOptions): Liveness {
  const { cluster, randomness, mend } = options;
  const leftBroken = minorityOf(cluster, randomness);
  mend(leftBroken);
  // What a disk was about to refuse it still refuses, and its node has to be started again.
  cluster.world.runFor(settlingMs);
  mend(leftBroken);
  const beganMs = cluster.world.nowMs;
  for (const name of leftBroken) breakLastingly(cluster, randomness, name);
  const isMinority = leftBroken.size > 0;
  const what = isMinority
    ? "clients are answered by a majority while others are broken"
    : "clients are answered again after the last fault";
  requireAnswers(options, what);
  const recoveredInMs = Math.round(cluster.world.nowMs - beganMs);
  const calmLeaderChanges = changesInCalm(options);
  mend(new Set());
  if (isMinority) {
    requireAnswers(options, "clients are answered when those that were left broken are back");
  }
  return { leftBroken: leftBroken.size, recoveredInMs, calmLeaderChanges };
}

/** Nobody asks any more, and every answer was given: then no table may hold anything. */
export function requireRest(
  cluster: SimulatedCluster,
  clients: readonly RestingClient[],
  withinMs: number,
): void {
  const isOpen = (): string | undefined => whatIsOpen(cluster, clients);
  if (cluster.world.runUntil(() => isOpen() === undefined, withinMs)) return;
  throw new Violation("nothing is left open", isOpen() ?? "nothing");
}

/** Undefined when all is at rest. */
export function whatIsOpen(
  { nodes, topology }: Pick<SimulatedCluster, "nodes" | "topology">,
  clients: readonly RestingClient[],
): string | undefined {
  for (const { name: node, host } of nodes.values()) {
    for (const { name: group } of topology.groups) {
      const open = host?.replica(group)?.openRequests ?? 0;
      if (open > 0) return `${node} holds ${open} requests for ${group}`;
    }
  }
  const waiting = clients.filter(({ isAtRest }) => !isAtRest).length;
  return waiting > 0 ? `${waiting} clients wait for something` : undefined;
}

/** `changes`: how often each group's leader was replaced in the calm. */
export function requireCalm(changes: ReadonlyMap<string, number>): void {
  for (const [group, times] of changes) {
    if (times <= calmLeaderChangesMax) continue;
    const text = `${group} had ${times} new leaders in ${calmMs} ms without a fault`;
    throw new Violation("leaders stay while nothing is wrong", text);
  }
}

/** Empty in runs that mend everything at once. Nodes whose disks lost something are the first that others do without. */
function minorityOf(cluster: SimulatedCluster, randomness: SeededRandomness): Set<string> {
  const { topology, hurt } = cluster;
  if (!randomness.chance(minorityChance)) return new Set();
  const broken = new Set(hurt);
  const spare = Math.min(
    ...topology.groups.map(
      ({ members, phase1, phase2 }) => members.length - Math.max(phase1, phase2),
    ),
  );
  const candidates = topology.nodes.map(({ name }) => name).filter((name) => !hurt.has(name));
  while (broken.size < spare) {
    const [name] = candidates.splice(randomness.below(candidates.length), 1);
    if (name === undefined) break;
    broken.add(name);
  }
  return broken;
}

function breakLastingly(
  cluster: SimulatedCluster,
  randomness: SeededRandomness,
  name: string,
): void {
  const victim = cluster.node(name);
  const others = [...cluster.nodes.keys()].filter((other) => other !== name);
  const what = worse[randomness.below(worse.length)];
  if (what === undefined) return;
  const fault: Fault = everyFault[what];
  const strikes = (): void => undefined;
  if (!fault({ cluster, randomness, victim, others, strikes })) return;
  cluster.trace.add(`${cluster.world.nowMs} ${what} ${name}`);
  cluster.noteEvent(name, `left broken: ${what}`, {});
}

/** Clients are answered, and every group that they write to goes on. */
function requireAnswers({ cluster, history, keys }: LivenessOptions, what: string): void {
  const { chosen, topology, world } = cluster;
  const answeredBefore = history.answered;
  const groups = groupsOf(topology, keys);
  const chosenBefore = new Map(groups.map((group) => [group, chosen.chosenIn(group)]));
  const resting = (): readonly string[] =>
    groups.filter((group) => chosen.chosenIn(group) < (chosenBefore.get(group) ?? 0) + newSlots);
  const isAnswered = (): boolean =>
    history.answered > answeredBefore + newAnswers &&
    unservedGroup(cluster) === undefined &&
    resting().length === 0;
  if (world.runUntil(isAnswered, recoveryMsMax)) return;
  const text = `${history.answered - answeredBefore} answers in ${recoveryMsMax} ms; without a leader: ${unservedGroup(cluster) ?? "none"}; without new entries: ${resting().join(", ") || "none"}`;
  throw new Violation("liveness", `it never came about that ${what}: ${text}`);
}

function groupsOf({ regions }: Topology, keys: readonly InternalKey[]): readonly string[] {
  const owned = keys.flatMap((key) =>
    regions
      .filter(({ start, end }) => key >= start && (end === undefined || key < end))
      .map(({ group }) => group),
  );
  return [...new Set(owned)];
}

function unservedGroup({ topology, nodes }: SimulatedCluster): string | undefined {
  return topology.groups.find(
    ({ name }) =>
      ![...nodes.values()].some(({ host }) => host?.replica(name)?.leadsWithLease === true),
  )?.name;
}

function changesInCalm({ cluster }: LivenessOptions): number {
  const groups = cluster.topology.groups.map(({ name }) => name);
  const before = new Map(groups.map((group) => [group, cluster.reignsOf(group)]));
  cluster.world.runFor(calmMs);
  const changes = new Map(
    groups.map((group) => [group, cluster.reignsOf(group) - (before.get(group) ?? 0)]),
  );
  requireCalm(changes);
  return [...changes.values()].reduce((sum, times) => sum + times, 0);
}
