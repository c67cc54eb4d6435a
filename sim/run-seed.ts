/** One seed, from an empty cluster to a verdict: faults under load, then calm, then every oracle. */
import type { ReplicaLimits } from "../actors/replica/limits.ts";
import { defaultTopology } from "../infra/topology/default-topology.ts";
import type { Topology } from "../infra/topology/topology.ts";
import {
  faultClasses,
  Nemesis,
  passingFaults,
  type FaultClass,
  type FaultCounts,
} from "./nemesis.ts";
import { ClockWatch } from "./clock-watch.ts";
import { recover, requireRest, type Liveness } from "./liveness.ts";
import { requirePace } from "./pace.ts";
import { requirePromptWatches } from "./prompt-watches.ts";
import { judge, replicasOf } from "./judgement.ts";
import type { RunObserver } from "./run-observer.ts";
import { SimulatedCluster } from "./simulated-cluster.ts";
import { toldKinds, type ToldKinds } from "./oracles/told-kinds.ts";
import { isMadeSmaller, lackingInRun, looksOf, vacuityText, type Looks } from "./vacuity.ts";
import { Violation } from "./violation.ts";
import { Crowd } from "./workload/crowd.ts";
import { History } from "./workload/history.ts";
import { keyNames, keysDefault } from "./workload/key-names.ts";
import type { SimulatedWatcher } from "./workload/simulated-watcher.ts";
import { lateWatcherOf, watchersOf } from "./workload/watchers.ts";

export interface SeedOptions {
  readonly seed: number;
  readonly nodes?: 1 | 3 | 5 | 7;
  /** Flexible quorums; majorities when left out, but for every fourth seed with five nodes. */
  readonly quorums?: { readonly phase1: number; readonly phase2: number };
  /** Virtual time under faults. */
  readonly faultsMs?: number;
  readonly clients?: number;
  /** Beside them, on raw subjects. */
  readonly rawClients?: number;
  /** Programs that watch what happens to all keys. */
  readonly watchers?: 0 | 1 | 2 | 3;
  /** Clients beside them that move amounts between accounts. */
  readonly bankers?: number;
  /** How many keys they use. */
  readonly keys?: number;
  readonly faults?: readonly FaultClass[];
  /** Strikes of the nemesis, by number, that are left out; the others stay what they are. */
  readonly without?: ReadonlySet<number>;
}

export interface SeedReport extends Liveness {
  readonly seed: number;
  readonly nodes: number;
  readonly virtualMs: number;
  readonly answered: number;
  readonly failed: number;
  readonly chosenSlots: number;
  readonly leaderChanges: number;
  readonly checkpoints: number;
  readonly trims: number;
  readonly faults: FaultCounts;
  /** Keys whose histories were searched for an explanation, and those where the search gave up. */
  readonly registers: number;
  readonly registersUndecided: number;
  /** Counters that were held against the sums of their increments. */
  readonly counters: number;
  /** Writes of which clients did not learn whether they were executed. */
  readonly outcomesUnknown: number;
  /** Answers and failures by their kinds. */
  readonly told: ToldKinds;
  /** How often each oracle had something to look at. */
  readonly looks: Looks;
  /** Changes that watches told, and how often those that die were started again. */
  readonly watched: number;
  readonly watchRestarts: number;
  readonly traceHash: string;
  readonly events: number;
}

/** Small enough that a run spans several checkpoints and trims. */
const smallLimits: Partial<ReplicaLimits> = {
  checkpointBytes: 48 * 1024,
  checkpointIntervalMs: 5_000,
  tableBytesMax: 1024 * 1024,
  // Promises and answers to learners take several messages.
  messageBytesMax: 2_000,
};

const bootMs = 30_000;
/** Births are interrupted that often. */
const troubledBirthChance = 0.3;
const birthMs = 4_000;
/** What a birth must survive: losing a disk is left to an operator then. */
const birthFaults = passingFaults.filter((name) => !/^(drain|full disk|clock)/.test(name));
/** Neighbouring seeds begin at different fault classes. */
const turnsPerSeed = 6;
/** After the last fault everything has to work again within this time. */
const recoveryMs = 20_000;

/** Throws a `Violation` when any check fails. What an observer is shown changes nothing. */
export function runSeed(options: SeedOptions, observer?: RunObserver): SeedReport {
  const { seed } = options;
  const cluster = new SimulatedCluster({
    seed,
    topology: topologyOf(options),
    limits: smallLimits,
  });
  try {
    const report = play(cluster, options, observer);
    // Thrown inside a node, it may have been taken for that node's own failure.
    if (cluster.violation !== undefined) throw cluster.violation;
    return report;
  } catch (error) {
    throw cluster.violation ?? error;
  }
}

function play(
  cluster: SimulatedCluster,
  options: SeedOptions,
  observer: RunObserver | undefined,
): SeedReport {
  const {
    seed,
    faultsMs = 20_000,
    clients = 3,
    rawClients = 1,
    keys = keysDefault,
    bankers = 1,
  } = options;
  const { world, randomness, topology } = cluster;
  if (observer !== undefined) cluster.show(observer);
  requirePace(world);
  const clocks = new ClockWatch(cluster);
  clocks.start();
  cluster.startAll();
  const isBirthTroubled = randomness.split("birth").chance(troubledBirthChance);
  const firstStrike = isBirthTroubled ? troubleBirth(cluster, options) : 1;
  require("every group has a leader", world.runUntil(() => cluster.everyGroupLed, bootMs));

  const history = new History();
  history.observer = observer?.history;
  const crowd = new Crowd(cluster, history, { clients, rawClients, keys, bankers });
  crowd.start();
  const watchers = watchersOf(cluster).slice(0, options.watchers);
  for (const watcher of watchers) watcher.start();
  const nemesis = new Nemesis({
    cluster,
    randomness: randomness.split("nemesis"),
    classes: options.faults ?? faultClasses,
    firstClass: firstClassOf(options),
    firstStrike,
    ...(options.without === undefined ? {} : { without: options.without }),
  });
  nemesis.start();
  world.runFor(faultsMs);

  const liveness = recover({
    cluster,
    randomness: randomness.split("liveness"),
    history,
    keys: keyNames(keys),
    mend: (leftBroken) => nemesis.stop(leftBroken),
  });
  if (watchers.length > 0) beginLate(cluster, watchers);
  crowd.stop();
  require("every call ends", world.runUntil(() => history.open === 0, recoveryMs));
  require("replicas catch up", world.runUntil(() => caughtUp(cluster), recoveryMs));
  requireRest(cluster, crowd.resting, recoveryMs);
  require("watches catch up", world.runUntil(() => watchedAll(cluster, watchers), recoveryMs));

  const watches = watchers.map(({ record }) => record);
  const judged = judge(cluster, history, watches, clocks.errors);
  const report: SeedReport = {
    seed,
    nodes: topology.nodes.length,
    virtualMs: Math.round(world.nowMs),
    answered: history.answered,
    failed: history.failed,
    chosenSlots: cluster.chosen.chosenSlots,
    leaderChanges: cluster.reigns - topology.groups.length,
    checkpoints: cluster.checkpoints,
    trims: cluster.trims,
    faults: nemesis.counts,
    registers: judged.checked,
    registersUndecided: judged.undecided,
    counters: judged.counters,
    outcomesUnknown: judged.outcomes.unknown,
    told: toldKinds(history.operations),
    looks: looksOf(cluster, judged),
    watched: watches.reduce((sum, { changes }) => sum + changes.length, 0),
    watchRestarts: watches.reduce((sum, { restarts }) => sum + restarts, 0),
    traceHash: cluster.trace.hex,
    events: world.eventsRun,
    ...liveness,
  };
  // What was made smaller on purpose has one thing left to show.
  if (isMadeSmaller(options)) return report;
  const struck = options.faults === undefined ? nemesis.struck : undefined;
  const lacking = lackingInRun({ ...report, struck });
  if (lacking.length > 0) throw new Violation("vacuity", vacuityText(lacking, options));
  return report;
}

/** Classes come in pairs, of which one gets the stage: in every other seed they are paired the other way. */
function firstClassOf({ seed, faults }: SeedOptions): number {
  return seed * turnsPerSeed + (faults === undefined ? seed % 2 : 0);
}

function topologyOf({ seed, nodes = 3, quorums }: SeedOptions): Topology {
  const topology = defaultTopology(nodes, "simulated");
  const flexible = nodes === 5 && seed % 4 === 0 ? { phase1: 2, phase2: 4 } : undefined;
  const own = quorums ?? flexible;
  if (own === undefined) return topology;
  return { ...topology, groups: topology.groups.map((group) => ({ ...group, ...own })) };
}

/** Restarts, cuts and pauses while the stores agree on what they are born as. Returns the number of the next strike. */
function troubleBirth(cluster: SimulatedCluster, { seed, without }: SeedOptions): number {
  const nemesis = new Nemesis({
    cluster,
    randomness: cluster.randomness.split("birth faults"),
    classes: birthFaults,
    firstClass: seed,
    ...(without === undefined ? {} : { without }),
  });
  nemesis.start(0);
  cluster.world.runFor(birthMs);
  nemesis.stop();
  return nemesis.nextStrike;
}

/** One more watch begins in the calm; then a leader goes, and those who keep up have to hear of the next at once. */
function beginLate(cluster: SimulatedCluster, watchers: SimulatedWatcher[]): void {
  for (const watcher of watchers) watcher.calmDown();
  const late = lateWatcherOf(cluster);
  late.start();
  watchers.push(late);
  const prompt = watchers.filter(({ keepsUp }) => keepsUp);
  requirePromptWatches(cluster, cluster.randomness.split("succession"), prompt);
}

/** Every watch has been told all that leaders have applied. */
function watchedAll(cluster: SimulatedCluster, watchers: readonly SimulatedWatcher[]): boolean {
  return cluster.topology.regions.every(({ group }) => {
    const leader = cluster.leaderOf(group)?.host?.replica(group)?.status();
    if (leader === undefined) return false;
    return watchers.every((watcher) => watcher.isThrough(group, leader.lastRevision));
  });
}

function require(what: string, holds: boolean): void {
  if (!holds) throw new Violation("liveness", `it never came about that ${what}`);
}

function caughtUp(cluster: SimulatedCluster): boolean {
  return cluster.topology.groups.every(({ name, members }) => {
    const replicas = replicasOf(cluster, name);
    const whole = replicas.filter(({ node }) => !cluster.hurt.has(node));
    const applied = new Set(whole.map(({ status }) => status.appliedThrough));
    const expected = members.filter((node) => !cluster.hurt.has(node)).length;
    return whole.length === expected && applied.size === 1;
  });
}
