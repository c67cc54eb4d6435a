/** Breaks things, several at a time, and mends them again; what it does is drawn from the seed alone. */
import type { SeededRandomness } from "../infra/randomness/seeded-randomness.ts";
import { calmConditions } from "../infra/transport/link-conditions.ts";
import { everyFault, type FaultClass } from "./faults/every-fault.ts";
import { between, type Fault } from "./faults/stage.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import type { SimulatedNode } from "./simulated-node.ts";

export { faultClasses, passingFaults, type FaultClass } from "./faults/every-fault.ts";

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
  /** The number of its first strike, 1 unless given: a second nemesis of a run goes on where the first ended. */
  readonly firstStrike?: number;
  /** Strikes that are left out. All others fall at the same times, and draw the same lots, as if none were. */
  readonly without?: ReadonlySet<number>;
}

/** One fault that befell one node, or would have: `struck` is false when it could not strike as things were. */
export interface Strike {
  readonly number: number;
  readonly fault: FaultClass;
  readonly node: string;
  readonly atMs: number;
  readonly struck: boolean;
}

/**
 * Strikes come in rounds, each mended before the next. When rounds begin and how many strikes they have is drawn from
 * one stream, and what a strike is from another of its own, named by its number: the shrinker leaves some out, and the
 * others stay what they are.
 */
export class Nemesis {
  readonly #options: NemesisOptions;
  readonly #timing: SeededRandomness;
  readonly #strikes: Strike[] = [];
  #nextStrike: number;
  #turn: number;
  #stopping = false;

  constructor(options: NemesisOptions) {
    this.#options = options;
    this.#timing = options.randomness.split("timing");
    this.#turn = options.firstClass;
    this.#nextStrike = options.firstStrike ?? 1;
  }

  /** Those that were not left out, in order. */
  get strikes(): readonly Strike[] {
    return this.#strikes;
  }

  /** The number that the next strike would have. */
  get nextStrike(): number {
    return this.#nextStrike;
  }

  get counts(): FaultCounts {
    const counts = new Map<string, number>();
    for (const { fault, struck } of this.#strikes) {
      if (struck) counts.set(fault, (counts.get(fault) ?? 0) + 1);
    }
    return Object.fromEntries(counts);
  }

  get struck(): number {
    return this.#strikes.filter(({ struck }) => struck).length;
  }

  start(withinMs = calmMs.max): void {
    const { cluster } = this.#options;
    cluster.world.schedule(between(this.#timing, calmMs.min, withinMs), () => this.#round());
  }

  /** Mends everything but these nodes, and leaves the cluster alone from here on. */
  stop(leftBroken: ReadonlySet<string> = new Set()): void {
    this.#stopping = true;
    this.#mend(leftBroken);
  }

  /** The classes whose turn it is, and perhaps another. */
  #round(): void {
    if (this.#stopping) return;
    const { cluster, classes } = this.#options;
    cluster.calm.end();
    for (let ahead = 0; ahead < inTurnAtOnce; ahead++) {
      this.#strike(classes[(this.#turn + ahead) % classes.length]);
    }
    this.#turn += inTurnAtOnce;
    const company = this.#timing.below(companyMax);
    for (let more = 0; more < company; more++) this.#strike(undefined);
    cluster.world.schedule(between(this.#timing, faultMs.min, faultMs.max), () => {
      if (this.#stopping) return;
      this.#mend();
      this.start();
    });
  }

  /** A fault of that class, or of any. */
  #strike(inTurn: FaultClass | undefined): void {
    const { cluster, classes, without } = this.#options;
    const number = this.#nextStrike;
    this.#nextStrike += 1;
    if (without?.has(number) === true) return;
    const randomness = this.#options.randomness.split(`strike ${number}`);
    const name = inTurn ?? classes[randomness.below(classes.length)];
    if (name === undefined) return;
    const victim = this.#anyNode(randomness);
    const others = [...cluster.nodes.keys()].filter((other) => other !== victim.name);
    const atMs = cluster.world.nowMs;
    cluster.noteEvent(victim.name, `fault: ${name}`, { strike: number });
    const fault: Fault = everyFault[name];
    const strike = { number, fault: name, node: victim.name, atMs, struck: false };
    this.#strikes.push(strike);
    const strikes = (): void => {
      strike.struck = true;
      cluster.trace.add(`${cluster.world.nowMs} ${name} ${victim.name}`);
      if (cluster.world.nowMs === atMs) return;
      cluster.noteEvent(victim.name, `strikes: ${name}`, { strike: number });
    };
    if (fault({ cluster, randomness, victim, others, strikes })) strikes();
    else cluster.noteEvent(victim.name, `came to nothing yet: ${name}`, { strike: number });
  }

  #mend(leftBroken: ReadonlySet<string> = new Set()): void {
    const { cluster } = this.#options;
    const { network, nodes, dayAhead, sequels } = cluster;
    cluster.noteEvent("all", "mended", {});
    sequels.end();
    network.startBroker();
    network.setConditions(calmConditions);
    network.healAll();
    dayAhead?.end();
    for (const node of nodes.values()) if (!leftBroken.has(node.name)) node.mend();
    if (leftBroken.size > 0) cluster.calm.end();
    else cluster.calm.begin(cluster.world.nowMs);
  }

  #anyNode(randomness: SeededRandomness): SimulatedNode {
    const { cluster } = this.#options;
    const nodes = [...cluster.nodes.values()];
    const leaders = cluster.topology.groups.flatMap(({ name }) => cluster.leaderOf(name) ?? []);
    const wantsLeader = randomness.chance(leaderChance);
    const candidates = wantsLeader && leaders.length > 0 ? leaders : nodes;
    const node = candidates[randomness.below(candidates.length)];
    if (node === undefined) throw new Error("a cluster has nodes");
    return node;
  }
}
