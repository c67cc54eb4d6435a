/**
 * What a scenario is played on: a whole simulated cluster and its clients. The oracles watch all along, and when the
 * last command has ended the log judges what clients were told. What the commands do is in `verbs/`.
 */
import { ClientCore } from "../../../client/core/client-core.ts";
import type { Completion } from "../../../client/core/call.ts";
import { linearizable, type Freshness } from "../../../client/core/freshness.ts";
import type { ReplicaLimits } from "../../../actors/replica/limits.ts";
import { defaultTopology } from "../../../infra/topology/default-topology.ts";
import type { TransportProblem } from "../../../infra/transport/transport.ts";
import type { Revision } from "../../../kv/revision.ts";
import { judge } from "../../../sim/judgement.ts";
import { SimulatedCluster } from "../../../sim/simulated-cluster.ts";
import type { SimulatedNode } from "../../../sim/simulated-node.ts";
import { History, type Recorded } from "../../../sim/workload/history.ts";
import { RawSimulatedClient } from "../../../sim/workload/raw-client.ts";
import { copyOf } from "../../../sim/workload/simulated-client.ts";
import { operationOf, toldText, type Asked } from "./operations.ts";
import { Program } from "./program.ts";
import type { Watching } from "./watching.ts";

export const patienceMs = 20_000;
const rawRetries = 5;
/** Events of the world between two looks at what programs wait for. */
const eventsPerTurn = 25;
/** Settings of a scenario that are limits of every replica. */
const limitNames = [
  "checkpointBytes",
  "historyMs",
  "queuedFramesMax",
  "slotsInFlightMax",
] as const satisfies readonly (keyof ReplicaLimits)[];

export class Scene {
  readonly cluster: SimulatedCluster;
  readonly history = new History();
  /** Asked for, and not waited for yet. */
  readonly open: Recorded[] = [];
  readonly marks = new Map<string, Revision>();
  readonly watches = new Map<string, Watching>();
  /** What was told last. */
  last: Recorded | undefined;
  readonly timeoutMs: number;
  readonly #client: ClientCore;
  /** A second client: while it asks nothing it goes on believing in the leader it knew. */
  readonly #other: ClientCore;
  /** Speaks on raw subjects. Links from `raw` can be clogged and cut like those between nodes. */
  readonly #raw: RawSimulatedClient;
  readonly #programs = new Map<string, Program>();
  #numbers = 0;

  constructor(settings: ReadonlyMap<string, string>) {
    const nodes = settings.get("nodes") === "5" ? 5 : 3;
    const topology = defaultTopology(nodes, "scenario");
    const phase1 = Number(settings.get("phase1") ?? topology.groups[0]?.phase1);
    const phase2 = Number(settings.get("phase2") ?? topology.groups[0]?.phase2);
    const groups = topology.groups.map((group) => ({ ...group, phase1, phase2 }));
    const limits = limitNames.flatMap((name) => {
      const value = settings.get(name);
      return value === undefined ? [] : [[name, Number(value)]];
    });
    this.timeoutMs = Number(settings.get("timeoutMs") ?? 3_000);
    this.cluster = new SimulatedCluster({
      seed: Number(settings.get("seed") ?? 1),
      topology: { ...topology, groups },
      limits: {
        checkpointBytes: 2 ** 24,
        messageBytesMax: Number(settings.get("messageBytes") ?? 2 ** 20),
        ...(Object.fromEntries(limits) as Partial<ReplicaLimits>),
      },
    });
    this.#client = this.#connect("client");
    this.#other = this.#connect("other");
    this.#raw = this.#connectRaw("raw");
  }

  /** Makes values that are written once. */
  nextNumber(): number {
    this.#numbers += 1;
    return this.#numbers;
  }

  /** Everything that was told holds against the chosen log, and against real time. */
  end(): void {
    judge(
      this.cluster,
      this.history,
      [...this.watches.values()].flatMap(({ record }) => record ?? []),
    );
  }

  /** Lets time pass until the condition holds, for so long at most; programs go on meanwhile. */
  async until(condition: () => boolean, withinMs = patienceMs): Promise<boolean> {
    const { world } = this.cluster;
    const limitMs = world.nowMs + withinMs;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      let left = eventsPerTurn;
      world.runUntil(() => condition() || left-- === 0, limitMs - world.nowMs);
      if (condition()) return true;
      if (world.nowMs >= limitMs) return false;
    }
  }

  nodes(names: readonly string[]): readonly SimulatedNode[] {
    return names.map((name) => this.cluster.node(name));
  }

  program(name: string): Program {
    let program = this.#programs.get(name);
    if (program === undefined) {
      program = new Program(this.cluster, this.history, name, this.timeoutMs);
      this.#programs.set(name, program);
    }
    return program;
  }

  asked(words: readonly string[]): Asked {
    return operationOf(words, this.marks);
  }

  issue({ operation, freshness }: Asked, byOther = false): Recorded {
    const { world } = this.cluster;
    const recorded = this.history.begin({
      client: byOther ? "other" : "client",
      operation,
      stale: isStale(freshness),
      invokedMs: world.nowMs,
    });
    const completion: Completion = {
      succeeded: (result, place, rest) => {
        const answer = { result: copyOf(result), place, rest };
        this.history.end(recorded, { atMs: world.nowMs, answer });
      },
      failed: (failure) => this.history.end(recorded, { atMs: world.nowMs, answer: failure }),
    };
    const client = byOther ? this.#other : this.#client;
    if (freshness === undefined) {
      client.write(operation as Parameters<ClientCore["write"]>[0], this.timeoutMs, completion);
    } else {
      const read = operation as Parameters<ClientCore["read"]>[0];
      client.read(read, freshness, this.timeoutMs, completion);
    }
    return recorded;
  }

  issueRaw(words: readonly string[], messageId: string | undefined): Recorded {
    const retries = messageId === undefined ? 0 : rawRetries;
    return this.#raw.ask(this.asked(words).operation, messageId, retries);
  }

  async settle(recorded: Recorded): Promise<string> {
    await this.until(() => recorded.told !== undefined);
    this.last = recorded;
    return toldText(recorded);
  }

  #connectRaw(name: string): RawSimulatedClient {
    const { world, network, randomness, topology } = this.cluster;
    return new RawSimulatedClient({
      name,
      process: world.machine(name).start(),
      network,
      randomness: randomness.split(name),
      prefix: topology.prefix,
      history: this.history,
      keys: [],
      concurrency: 0,
      burst: 1,
      thinkMs: 0,
      timeoutMs: this.timeoutMs,
    });
  }

  #connect(name: string): ClientCore {
    const { world, network, randomness, topology } = this.cluster;
    const process = world.machine(name).start();
    return new ClientCore({
      transport: network.connect(process, { onProblem }),
      clock: process.clock,
      randomness: randomness.split(name),
      prefix: topology.prefix,
    });
  }
}

function isStale(freshness: Freshness | undefined): boolean {
  return freshness !== undefined && freshness !== linearizable;
}

function onProblem(problem: TransportProblem): void {
  if (problem.kind === "handler failed" || problem.kind === "listener failed") throw problem.cause;
}
