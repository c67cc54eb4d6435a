/** The programs that watch in a run: one hears of everything, the others of a part that the seed draws. */
import { bucketPrefix, internalKeyOf, prefixEnd } from "../../infra/codec/key-text.ts";
import type { SeededRandomness } from "../../infra/randomness/seeded-randomness.ts";
import type { KeyRange } from "../../kv/commands/operation.ts";
import type { SimulatedCluster } from "../simulated-cluster.ts";
import { SimulatedWatcher, type SimulatedWatcherOptions } from "./simulated-watcher.ts";

type Kind = Pick<SimulatedWatcherOptions, "withCurrent" | "slow" | "restarts">;

/** One that keeps up, one that neither does nor lives long, and one that begins with what is there. */
const kinds: readonly Kind[] = [
  { withCurrent: false, slow: false, restarts: false },
  { withCurrent: false, slow: true, restarts: true },
  { withCurrent: true, slow: false, restarts: true },
];

const letters = 26;
/** How many of the alphabet's letters a part spans. */
const partLetters = 9;

export function watchersOf(cluster: SimulatedCluster): readonly SimulatedWatcher[] {
  const { randomness } = cluster;
  return kinds.map((kind, index) => {
    const name = `watcher${index + 1}`;
    const part = partOf(randomness.split(name).split("part"));
    return watcherOf(cluster, name, index === 0 ? everything() : part, kind);
  });
}

/** One that begins late, and hears of everything from then on. */
export function lateWatcherOf(cluster: SimulatedCluster): SimulatedWatcher {
  const kind = { withCurrent: true, slow: false, restarts: false };
  return watcherOf(cluster, "late-watcher", everything(), kind);
}

function watcherOf(
  { world, network, randomness, topology }: SimulatedCluster,
  name: string,
  range: KeyRange,
  kind: Kind,
): SimulatedWatcher {
  const owners = topology.regions.filter(
    ({ start, end }) => (range.end === undefined || start < range.end) && !isBehind(range, end),
  );
  return new SimulatedWatcher({
    name,
    machine: world.machine(name),
    network,
    randomness: randomness.split(name),
    prefix: topology.prefix,
    range,
    groups: new Set(owners.map(({ group }) => group)),
    ...kind,
  });
}

function everything(): KeyRange {
  const start = bucketPrefix("default");
  return { start, end: prefixEnd(start) };
}

function partOf(randomness: SeededRandomness): KeyRange {
  const first = "a".charCodeAt(0) + randomness.below(letters - partLetters + 1);
  const start = internalKeyOf("default", String.fromCharCode(first));
  return { start, end: internalKeyOf("default", String.fromCharCode(first + partLetters)) };
}

function isBehind({ start }: KeyRange, end: string | undefined): boolean {
  return end !== undefined && end <= start;
}
