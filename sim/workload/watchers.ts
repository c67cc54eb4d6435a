/** The programs that watch in a run: one hears of everything, the others of a part that the seed draws. */
import { bucketPrefix, internalKeyOf, prefixEnd } from "../../infra/codec/key-text.ts";
import type { SeededRandomness } from "../../infra/randomness/seeded-randomness.ts";
import type { KeyRange } from "../../kv/commands/operation.ts";
import type { SimulatedCluster } from "../simulated-cluster.ts";
import { SimulatedWatcher } from "./simulated-watcher.ts";

/** One that keeps up, one that neither does nor lives long, and one that begins with what is there. */
const kinds = [
  { withCurrent: false, slow: false, restarts: false },
  { withCurrent: false, slow: true, restarts: true },
  { withCurrent: true, slow: false, restarts: true },
];

const letters = 26;
/** How many of the alphabet's letters a part spans. */
const partLetters = 9;

export function watchersOf(cluster: SimulatedCluster): readonly SimulatedWatcher[] {
  const { world, network, randomness, topology } = cluster;
  return kinds.map((kind, index) => {
    const name = `watcher${index + 1}`;
    const own = randomness.split(name);
    const range = index === 0 ? everything() : partOf(own.split("part"));
    const owners = topology.regions.filter(
      ({ start, end }) => (range.end === undefined || start < range.end) && !isBehind(range, end),
    );
    return new SimulatedWatcher({
      name,
      machine: world.machine(name),
      network,
      randomness: own,
      prefix: topology.prefix,
      range,
      groups: new Set(owners.map(({ group }) => group)),
      ...kind,
    });
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
