/** A client of a whole simulated cluster, and promises that go on while virtual time does. */
import type { ReplicaLimits } from "../../../actors/replica/limits.ts";
import type { SimulatedProcess } from "../../../infra/clock/simulated-process.ts";
import { SynodClient } from "../../../client/synod-client.ts";
import { failureOf, outcomeOf } from "./virtual-promises.ts";
import { SimulatedCluster } from "../../../sim/simulated-cluster.ts";

/** Events of the world between two looks at the promises: they go on a fraction of a millisecond late. */
const eventsPerTurn = 25;

export class ClientOfCluster {
  readonly cluster: SimulatedCluster;
  readonly client: SynodClient;
  readonly #processes = new Map<string, SimulatedProcess>();

  constructor(seed: number, limits: Partial<ReplicaLimits> = {}) {
    this.cluster = new SimulatedCluster({ seed, nodes: 3, limits });
    this.cluster.startAll();
    const { world } = this.cluster;
    if (!world.runUntil(() => this.cluster.everyGroupLed, 30_000)) {
      throw new Error("no leaders within 30 s of virtual time");
    }
    this.client = this.connect("client");
  }

  /** The newest process on the machine of a client. */
  processOf(name: string): SimulatedProcess {
    const process = this.#processes.get(name);
    if (process === undefined) throw new Error(`no client runs on ${name}`);
    return process;
  }

  /** A client on a machine of its own. */
  connect(name: string): SynodClient {
    const { world, network, randomness, topology } = this.cluster;
    const process = world.machine(name).start();
    this.#processes.set(name, process);
    return new SynodClient({
      transport: network.connect(process, {
        onProblem: (problem) => {
          if (problem.kind !== "not connected") throw problem.cause;
        },
      }),
      clock: process.clock,
      randomness: randomness.split(name),
      prefix: topology.prefix,
      timeoutMs: 5_000,
      limits: {},
      routeAdopted: () => {},
    });
  }

  outcome<Answer>(promise: Promise<Answer>): Promise<Answer> {
    return outcomeOf(promise, (what, holds) => this.until(what, holds));
  }

  failure(promise: Promise<unknown>): Promise<unknown> {
    return failureOf(promise, (what, holds) => this.until(what, holds));
  }

  async runFor(durationMs: number): Promise<void> {
    const untilMs = this.cluster.world.nowMs + durationMs;
    await this.until("time passes", () => this.cluster.world.nowMs >= untilMs);
  }

  leaderOf(group: string): string {
    const { name } = this.cluster.leaderOf(group) ?? {};
    if (name === undefined) throw new Error(`nobody leads ${group}`);
    return name;
  }

  /** Runs the world, and promises with it, until the condition holds. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const { world } = this.cluster;
    const limitMs = world.nowMs + 60_000;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (holds()) return;
      if (world.nowMs > limitMs) throw new Error(`waited a virtual minute in vain: ${what}`);
      for (let events = 0; events < eventsPerTurn && !holds(); events++) world.step();
    }
  }
}
