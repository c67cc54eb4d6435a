/**
 * In the calm behind all faults a leader goes, with every node knowing who watches: whoever leads next has to tell watches
 * at once what it applies, not when they have noticed that nobody speaks and ask again.
 */
import type { SeededRandomness } from "../infra/randomness/seeded-randomness.ts";
import type { Revision } from "../kv/revision.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { Violation } from "./violation.ts";

/** A watch that takes everything as it comes. */
export interface PromptWatch {
  readonly name: string;
  /** Whether it has been told everything of the group up to the revision. */
  isThrough(group: string, revision: Revision): boolean;
}

/** By group: what its leader had applied. */
type Marks = ReadonlyMap<string, Revision>;

/** What is changed meanwhile has a new leader who tells it. */
const serviceMs = 200;
/** Less than what a watch waits for a feed that is silent, more than a read of what was missed takes. */
const lateMsMax = 1_000;
/** Somebody else leads by then. */
const successionMsMax = 5_000;
const lookMs = 5;

/** `watches`: the last of them has only just begun, and so every node has heard that somebody watches. */
export function requirePromptWatches(
  cluster: SimulatedCluster,
  randomness: SeededRandomness,
  watches: readonly PromptWatch[],
): void {
  const { topology, world } = cluster;
  const groups = [...new Set(topology.regions.map(({ group }) => group))];
  requireTold(cluster, watches, marksOf(cluster, groups));
  const group = groups[randomness.below(groups.length)] ?? "";
  const leader = cluster.leaderOf(group);
  // Who leads alone has no successor.
  if (leader === undefined || cluster.nodes.size === 1) return;
  const left = groups.filter((name) => cluster.leaderOf(name) === leader);
  const reigns = new Map(left.map((name) => [name, cluster.reignsOf(name)]));
  leave(cluster, leader, cluster.mayHurt(leader) && randomness.chance(0.5) ? "crash" : "drain");
  const isSucceeded = (name: string): boolean =>
    cluster.leaderOf(name) !== undefined && cluster.reignsOf(name) > (reigns.get(name) ?? 0);
  if (!world.runUntil(() => left.every(isSucceeded), successionMsMax)) {
    throw new Violation("liveness", `nobody led ${left.join(" and ")} behind ${leader.name}`);
  }
  world.runFor(serviceMs);
  // Started again, it does not know who watches.
  const told = groups.filter((name) => cluster.leaderOf(name) !== leader);
  requireTold(cluster, watches, marksOf(cluster, told));
  leader.mend();
}

/** Whoever leaves in good order is back at once: it may be one of the last that make a majority. */
function leave(cluster: SimulatedCluster, leader: SimulatedNode, how: "crash" | "drain"): void {
  cluster.trace.add(`${cluster.world.nowMs} ${how} ${leader.name}`);
  cluster.noteEvent(leader.name, `leaves in the calm: ${how}`, {});
  if (how === "crash") return leader.kill();
  leader.drain();
  cluster.sequels.once(
    lookMs,
    () => !leader.running,
    () => leader.start(),
  );
}

function marksOf(cluster: SimulatedCluster, groups: readonly string[]): Marks {
  const marks = new Map<string, Revision>();
  for (const group of groups) {
    const status = cluster.leaderOf(group)?.host?.replica(group)?.status();
    if (status !== undefined) marks.set(group, status.lastRevision);
  }
  return marks;
}

function requireTold(
  { world }: SimulatedCluster,
  watches: readonly PromptWatch[],
  marks: Marks,
): void {
  world.runUntil(() => whoIsBehind(watches, marks) === undefined, lateMsMax);
  const late = whoIsBehind(watches, marks);
  if (late === undefined) return;
  const text = `${late} ${lateMsMax} ms after its leader had applied it, without a fault`;
  throw new Violation("watches are told in time", text);
}

/** Undefined when nobody is. */
export function whoIsBehind(watches: readonly PromptWatch[], marks: Marks): string | undefined {
  for (const [group, revision] of marks) {
    const late = watches.find((watch) => !watch.isThrough(group, revision));
    if (late !== undefined)
      return `${late.name} had not been told revision ${revision} of ${group}`;
  }
  return undefined;
}
