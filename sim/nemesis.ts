/** Breaks things, several at a time, and mends them again; what it does is drawn from the seed alone. */
import type { SeededRandomness } from "../infra/randomness/seeded-randomness.ts";
import { networkFaults } from "./faults/network-faults.ts";
import { processFaults } from "./faults/process-faults.ts";
import { between, type Fault } from "./faults/stage.ts";
import { storageFaults } from "./faults/storage-faults.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import type { SimulatedNode } from "./simulated-node.ts";

const faults = { ...networkFaults, ...processFaults, ...storageFaults };

export type FaultClass = keyof typeof faults;

export const faultClasses = Object.keys(faults) as FaultClass[];

/** Those that leave no disk damaged for good. */
export const passingFaults = faultClasses.filter(
  (name) => name !== "lost log" && name !== "lost state" && !name.startsWith("flipped bit"),
);

export type FaultCounts = Readonly<Record<string, number>>;

/** How long faults last and how long things are left alone, in milliseconds. */
const faultMs = { min: 100, max: 2_500 };
const calmMs = { min: 0, max: 1_500 };
const inTurnAtOnce = 2;
const companyMax = 2;
/** A fault strikes a leader that often; otherwise anybody. */
const leaderChance = 0.5;

export interface NemesisOptions {
  readonly cluster: SimulatedCluster;
  readonly randomness: SeededRandomness;
  readonly classes: readonly FaultClass[];
  /** Where in the list of classes it begins: over a set of seeds every class gets its turn. */
  readonly firstClass: number;
}

export class Nemesis {
  readonly #options: NemesisOptions;
  readonly #counts = new Map<string, number>();
  #turn: number;
  #stopping = false;

  constructor(options: NemesisOptions) {
    this.#options = options;
    this.#turn = options.firstClass;
  }

  get counts(): FaultCounts {
    return Object.fromEntries(this.#counts);
  }

  get struck(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  start(withinMs = calmMs.max): void {
    const { cluster, randomness } = this.#options;
    cluster.world.schedule(between(randomness, calmMs.min, withinMs), () => this.#strike());
  }

  /** Mends everything and leaves the cluster alone from here on. */
  stop(): void {
    this.#stopping = true;
    this.#mend();
  }

  /** The classes whose turn it is, and perhaps another. */
  #strike(): void {
    if (this.#stopping) return;
    const { cluster, randomness, classes } = this.#options;
    const company = randomness.below(companyMax);
    const drawn = Array.from({ length: company }, () => classes[randomness.below(classes.length)]);
    const inTurn = Array.from(
      { length: inTurnAtOnce },
      (_, ahead) => classes[(this.#turn + ahead) % classes.length],
    );
    this.#turn += inTurnAtOnce;
    for (const name of [...inTurn, ...drawn]) if (name !== undefined) this.#inflict(name);
    cluster.world.schedule(between(randomness, faultMs.min, faultMs.max), () => {
      if (this.#stopping) return;
      this.#mend();
      this.start();
    });
  }

  #inflict(name: FaultClass): void {
    const { cluster, randomness } = this.#options;
    const victim = this.#anyNode();
    const others = [...cluster.nodes.keys()].filter((other) => other !== victim.name);
    const fault: Fault = faults[name];
    if (!fault({ cluster, randomness, victim, others })) return;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    cluster.trace.add(`${cluster.world.nowMs} ${name} ${victim.name}`);
    cluster.noteEvent(victim.name, `fault: ${name}`, {});
  }

  #mend(): void {
    const { network, nodes, dayAhead } = this.#options.cluster;
    network.startBroker();
    network.setConditions({
      lossChance: 0,
      delayMsMean: 0.05,
      slowChance: 0,
      duplicateChance: 0,
      overtakeChance: 0,
    });
    network.healAll();
    dayAhead?.end();
    for (const node of nodes.values()) node.mend();
  }

  #anyNode(): SimulatedNode {
    const { cluster, randomness } = this.#options;
    const nodes = [...cluster.nodes.values()];
    const leaders = cluster.topology.groups.flatMap(({ name }) => cluster.leaderOf(name) ?? []);
    const wantsLeader = randomness.chance(leaderChance);
    const candidates = wantsLeader && leaders.length > 0 ? leaders : nodes;
    const node = candidates[randomness.below(candidates.length)];
    if (node === undefined) throw new Error("a cluster has nodes");
    return node;
  }
}
