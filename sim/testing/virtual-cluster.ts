/** The simulated cluster as tests of other programs see it: clients, virtual time, and things that go wrong. */
import { SynodClient } from "../../client/synod-client.ts";
import type { Topology } from "../../infra/topology/topology.ts";
import { Nemesis, passingFaults, type FaultClass, type FaultCounts } from "../nemesis.ts";
import { SimulatedCluster } from "../simulated-cluster.ts";

export interface VirtualClusterOptions {
  /** Everything that is left to chance follows from it: the same seed and the same calls give the same run. 1 unless given. */
  readonly seed?: number;
  /** 3 unless given. */
  readonly nodes?: 1 | 3 | 5 | 7;
  /** In place of `nodes`. */
  readonly topology?: Topology;
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
  #nemesis: Nemesis | undefined;
  #nemeses = 0;

  /** @internal Programs call `simulatedCluster`. */
  constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster;
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
    return new SynodClient({
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
    });
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
  const { seed = 1, nodes = 3, topology } = options;
  const cluster = new SimulatedCluster({
    seed,
    ...(topology === undefined ? { nodes } : { topology }),
  });
  const virtual = new VirtualCluster(cluster);
  cluster.startAll();
  await virtual.run(async () => {
    while (!cluster.everyGroupLed) await virtual.sleep(10);
  }, bootMsMax);
  return virtual;
}
