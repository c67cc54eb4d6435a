/** The simulated cluster as tests of other programs see it: clients, virtual time, and things that go wrong. */
import { SynodClient } from "../../client/synod-client.ts";
import type { Topology } from "../../infra/topology/topology.ts";
import { Nemesis, passingFaults, type FaultClass, type FaultCounts } from "../nemesis.ts";
import { judge, replicasOf } from "../judgement.ts";
import type { Happening, MomentName, MomentPlace, PlacedAct } from "../moments.ts";
import { SimulatedCluster } from "../simulated-cluster.ts";
import type { Wanted } from "../trace/concern.ts";
import { recordingOf, type Recording } from "../trace/recording.ts";
import { RunRecorder } from "../trace/run-recorder.ts";
import { History } from "../workload/history.ts";
import { RecordedCore } from "./recorded-core.ts";

export interface VirtualClusterOptions {
  /** Everything that is left to chance follows from it: the same seed and the same calls give the same run. 1 unless given. */
  readonly seed?: number;
  /** 3 unless given. */
  readonly nodes?: 1 | 3 | 5 | 7;
  /** In place of `nodes`. */
  readonly topology?: Topology;
  /** Keeps what happens for `recording`, which takes memory; a run is the same with and without. */
  readonly recorded?: boolean;
}

/** What `check` has looked at. */
export interface Checked {
  readonly calls: number;
  /** Keys whose calls were searched for an order that explains them. */
  readonly keys: number;
  /** Of those, keys with so many calls at once that the search gave up. */
  readonly undecided: number;
}

/** What a node would have written to its log. */
export interface VirtualLogLine {
  /** Virtual time. */
  readonly atMs: number;
  readonly node: string;
  readonly what: string;
  readonly details: Readonly<Record<string, unknown>>;
}

const bootMsMax = 30_000;
const patienceMs = 60_000;
const settlingMs = 50;
const settlingWaitsMax = 400;
/** Events of the world between two looks at the program's promises: it goes on a fraction of a millisecond late. */
const eventsPerTurn = 25;

/**
 * Production nodes on simulated machines, disks and network, with `Date`, timers and chance of their own. Time stands
 * still but in `run`: a program that waits for the client waits in virtual time, where a minute takes about a second.
 * What the program does besides, its own timers and I/O, knows nothing of that: use `sleep` in their place.
 *
 * While it runs, the simulator's oracles look on: nothing is chosen twice, nothing leaves before it is on disk. What they
 * find is thrown as a `Violation`, and is a fault of Synod, not of the program.
 */
export class VirtualCluster {
  readonly #cluster: SimulatedCluster;
  readonly #history = new History();
  readonly #recorder: RunRecorder | undefined;
  #nemesis: Nemesis | undefined;
  #nemeses = 0;

  /** @internal Programs call `simulatedCluster`. */
  constructor(cluster: SimulatedCluster, recorder?: RunRecorder) {
    this.#cluster = cluster;
    this.#recorder = recorder;
    this.#history.observer = recorder?.history;
  }

  /** Virtual time since the cluster's machines were switched on. */
  get nowMs(): number {
    return this.#cluster.world.nowMs;
  }

  get topology(): Topology {
    return this.#cluster.topology;
  }

  get log(): readonly VirtualLogLine[] {
    return this.#cluster.log;
  }

  /** A client on a machine of its own. The name stands for it in `partition`, and no two have the same. */
  connect(name = "client", options: { readonly timeoutMs?: number } = {}): SynodClient {
    const { world, network, randomness, topology } = this.#cluster;
    const process = world.machine(name).start();
    const clientOptions = {
      transport: network.connect(process, {
        onProblem: (problem) => {
          if (problem.kind !== "not connected") throw problem.cause;
        },
      }),
      clock: process.clock,
      randomness: randomness.split(name),
      prefix: topology.prefix,
      timeoutMs: options.timeoutMs ?? 5_000,
      limits: {},
      routeAdopted: () => {},
    };
    const core = new RecordedCore({ ...clientOptions, name, world, history: this.#history });
    return new SynodClient({ ...clientOptions, core });
  }

  /**
   * Holds all that clients were told since the cluster was started against what nodes chose, against real time and
   * against each other: every key is linearizable, nothing is executed twice, what was acknowledged is there, what was
   * said not to be executed is not, a transaction takes effect as a whole. Waits before for the nodes that run to come to
   * rest; calls that are still open may or may not have been executed. Throws a `Violation`.
   *
   * It looks at single operations. Whether the program under test does the right thing with them, its own test has to
   * say.
   */
  async check(): Promise<Checked> {
    await this.run(async () => {
      for (let waits = 0; waits < settlingWaitsMax && !this.#isAtRest(); waits++) {
        await this.sleep(settlingMs);
      }
    });
    const { checked: keys, undecided } = judge(this.#cluster, this.#history, []);
    const calls = this.#history.operations.length;
    return { calls, keys, undecided };
  }

  /**
   * Lets something happen right before a node says something, once: a message to other nodes by its type, or an
   * `answer` to a client. A node that is killed then has not said it. `flush`: what waits for the disk is not there yet.
   *
   * @example
   * const placed = cluster.before("answer", { node: leader }, () => cluster.kill(leader));
   * await cluster.run(() => bucket.increment("n")); // executed by one leader, answered by the next
   * placed.happened; // true
   */
  before(what: MomentName, place: MomentPlace, act: (happening: Happening) => void): PlacedAct {
    return this.#cluster.moments.place("before", what, place, act);
  }

  /** As `before`, right after it: the message has left, the flush is on disk but nobody knows yet. */
  after(what: MomentName, place: MomentPlace, act: (happening: Happening) => void): PlacedAct {
    return this.#cluster.moments.place("after", what, place, act);
  }

  /** What happened, as text and as pictures, of a cluster that was made with `recorded`. Undefined of any other. */
  recording(wanted: Wanted & { readonly title?: string } = {}): Recording | undefined {
    const { title = "a simulated cluster", ...place } = wanted;
    const request = { level: "messages", linesMax: 1_000, wanted: place, title } as const;
    return this.#recorder && recordingOf(this.#recorder, request, this.#cluster.violation);
  }

  /**
   * Lets virtual time pass until what `act` returns is settled, and settles alike. Fails when that takes longer than
   * `withinMs` of virtual time, a minute unless given.
   */
  async run<Result>(act: () => Promise<Result>, withinMs = patienceMs): Promise<Result> {
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    const result = act();
    result.then(settled, settled);
    const limitMs = this.nowMs + withinMs;
    for (;;) {
      // All that the program can do now, it does before the next event.
      await new Promise((resolve) => setImmediate(resolve));
      if (isSettled) return result;
      if (this.nowMs > limitMs) throw new Error(`nothing came of it in ${withinMs} virtual ms`);
      for (let events = 0; events < eventsPerTurn; events++) this.#step();
    }
  }

  /** For the program under test: resolves when so much virtual time has passed. */
  sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#cluster.world.schedule(durationMs, resolve);
    });
  }

  /** Lets virtual time pass while nobody asks anything. */
  runFor(durationMs: number): Promise<void> {
    return this.run(() => this.sleep(durationMs), durationMs + patienceMs);
  }

  /** The node that leads the group, as it sees itself. */
  leaderOf(group: string): string | undefined {
    return this.#cluster.leaderOf(group)?.name;
  }

  /** As `kill -9` would. */
  kill(node: string): void {
    this.#cluster.node(node).kill();
  }

  /** Only what was flushed is certain to be there when the node is started again. */
  losePower(node: string): void {
    this.#cluster.node(node).losePower(this.#cluster.randomness.split(`power loss ${this.nowMs}`));
  }

  start(node: string): void {
    const found = this.#cluster.node(node);
    if (!found.running) found.start();
  }

  /** The node's process stands still, as with SIGSTOP. */
  pause(node: string): void {
    this.#cluster.node(node).process?.pause();
  }

  resume(node: string): void {
    this.#cluster.node(node).process?.resume();
  }

  /** Who is on different sides does not hear each other. Whoever is on none, as clients that are not named, hears all. */
  partition(...sides: readonly (readonly string[])[]): void {
    for (const [at, side] of sides.entries()) {
      for (const other of sides.slice(at + 1)) this.#cluster.network.partition(side, other);
    }
  }

  /** The NATS server ends and is started again: everybody loses the connection and what was under way. */
  restartBroker(): void {
    this.#cluster.network.restartBroker();
  }

  /**
   * From now on things go wrong, several at a time, as the seed has it: messages are lost, late or doubled, nodes crash,
   * lose power, stall, or are cut off, flushes are slow, disks fail, clocks are wrong. Nothing is damaged for good.
   */
  startFaults(classes: readonly FaultClass[] = passingFaults): void {
    if (this.#nemesis !== undefined) return;
    this.#nemeses += 1;
    this.#nemesis = new Nemesis({
      cluster: this.#cluster,
      randomness: this.#cluster.randomness.split(`faults ${this.#nemeses}`),
      classes,
      firstClass: 0,
    });
    this.#nemesis.start();
  }

  /** Mends everything, and tells how often what has happened. Ends partitions, and starts all nodes, also without faults. */
  stopFaults(): FaultCounts {
    const counts = this.#nemesis?.counts ?? {};
    this.#nemesis?.stop();
    this.#nemesis = undefined;
    this.#cluster.network.healAll();
    for (const node of this.#cluster.nodes.values()) node.mend();
    return counts;
  }

  #isAtRest(): boolean {
    return this.#cluster.topology.groups.every(({ name }) => {
      const applied = replicasOf(this.#cluster, name).map(({ status }) => status.appliedThrough);
      return this.#cluster.leaderOf(name) !== undefined && new Set(applied).size === 1;
    });
  }

  #step(): void {
    this.#cluster.world.step();
    if (this.#cluster.violation !== undefined) throw this.#cluster.violation;
  }
}

/**
 * Starts a cluster, and resolves when every group has a leader.
 *
 * @example
 * const cluster = await simulatedCluster({ seed: 7 });
 * const bucket = cluster.connect().bucket();
 * await cluster.run(() => bucket.put("greeting", "hello"));
 * cluster.kill(cluster.leaderOf("g1")!);
 * await cluster.run(() => bucket.get("greeting")); // answered by the next leader
 */
export async function simulatedCluster(
  options: VirtualClusterOptions = {},
): Promise<VirtualCluster> {
  const { seed = 1, nodes = 3, topology, recorded = false } = options;
  const cluster = new SimulatedCluster({
    seed,
    ...(topology === undefined ? { nodes } : { topology }),
  });
  const recorder = recorded ? new RunRecorder() : undefined;
  if (recorder !== undefined) cluster.show(recorder);
  const virtual = new VirtualCluster(cluster, recorder);
  cluster.startAll();
  await virtual.run(async () => {
    while (!cluster.everyGroupLed) await virtual.sleep(10);
  }, bootMsMax);
  return virtual;
}
