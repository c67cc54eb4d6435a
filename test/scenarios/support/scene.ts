/**
 * Runs a scenario: a whole simulated cluster, one command a line, what it came to below `----`. The oracles watch all
 * along, and when the last command has ended the log judges what clients were told.
 */
import { ClientCore } from "../../../client/core/client-core.ts";
import type { Completion } from "../../../client/core/call.ts";
import { linearizable, stale, type Freshness } from "../../../client/core/freshness.ts";
import { internalKeyOf } from "../../../infra/codec/key-text.ts";
import type { ReadRequest, WriteRequest } from "../../../infra/codec/request-encoder.ts";
import { defaultTopology } from "../../../infra/topology/default-topology.ts";
import { expectNothing, operationKind } from "../../../kv/commands/operation.ts";
import { newest } from "../../../kv/revision.ts";
import { judge } from "../../../sim/judgement.ts";
import { SimulatedCluster } from "../../../sim/simulated-cluster.ts";
import type { SimulatedNode } from "../../../sim/simulated-node.ts";
import { History, type Recorded } from "../../../sim/workload/history.ts";
import { RawSimulatedClient } from "../../../sim/workload/raw-client.ts";
import { copyOf } from "../../../sim/workload/simulated-client.ts";

const operationTimeoutMs = 3_000;
const patienceMs = 20_000;
const rawRetries = 5;
const dayMs = 24 * 60 * 60 * 1_000;

type Verb = (scene: Scene, words: readonly string[]) => string | void;

export class Scene {
  readonly cluster: SimulatedCluster;
  readonly history = new History();
  readonly #client: ClientCore;
  /** A second client: while it asks nothing it goes on believing in the leader it knew. */
  readonly #other: ClientCore;
  /** Speaks on raw subjects. Links from `raw` can be clogged and cut like those between nodes. */
  readonly #raw: RawSimulatedClient;
  readonly open: Recorded[] = [];
  #numbers = 0;

  constructor(settings: ReadonlyMap<string, string>) {
    const nodes = settings.get("nodes") === "5" ? 5 : 3;
    const topology = defaultTopology(nodes, "scenario");
    const phase1 = Number(settings.get("phase1") ?? topology.groups[0]?.phase1);
    const phase2 = Number(settings.get("phase2") ?? topology.groups[0]?.phase2);
    const groups = topology.groups.map((group) => ({ ...group, phase1, phase2 }));
    this.cluster = new SimulatedCluster({
      seed: Number(settings.get("seed") ?? 1),
      topology: { ...topology, groups },
      limits: {
        checkpointBytes: Number(settings.get("checkpointBytes") ?? 2 ** 24),
        messageBytesMax: Number(settings.get("messageBytes") ?? 2 ** 20),
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

  run(command: string): string[] {
    const [name = "", ...words] = command.split(/\s+/);
    const verb = verbs[name];
    if (verb === undefined) throw new Error(`no verb is called ${name}`);
    const said = verb(this, words);
    return typeof said === "string" ? said.split("\n") : [];
  }

  /** Everything that was told holds against the chosen log, and against real time. */
  end(): void {
    judge(this.cluster, this.history, []);
  }

  nodes(names: readonly string[]): readonly SimulatedNode[] {
    return names.map((name) => this.cluster.node(name));
  }

  issue(
    operation: WriteRequest | ReadRequest,
    freshness: Freshness | undefined,
    byOther = false,
  ): Recorded {
    const { world } = this.cluster;
    const isStale = freshness !== undefined && freshness !== linearizable;
    const recorded = this.history.begin({
      client: byOther ? "other" : "client",
      operation,
      stale: isStale,
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
      client.write(operation as WriteRequest, operationTimeoutMs, completion);
    } else {
      client.read(operation as ReadRequest, freshness, operationTimeoutMs, completion);
    }
    return recorded;
  }

  issueRaw(words: readonly string[], messageId: string | undefined): Recorded {
    const retries = messageId === undefined ? 0 : rawRetries;
    return this.#raw.ask(operationOf(words).operation, messageId, retries);
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
      thinkMs: 0,
      timeoutMs: operationTimeoutMs,
    });
  }

  #connect(name: string): ClientCore {
    const { world, network, randomness, topology } = this.cluster;
    const process = world.machine(name).start();
    return new ClientCore({
      transport: network.connect(process, { onProblem: () => undefined }),
      clock: process.clock,
      randomness: randomness.split(name),
      prefix: topology.prefix,
    });
  }

  settle(recorded: Recorded): string {
    this.cluster.world.runUntil(() => recorded.told !== undefined, patienceMs);
    return toldText(recorded);
  }
}

function toldText({ told }: Recorded): string {
  if (told === undefined) return "no answer";
  if (!("result" in told.answer)) return `${told.answer.code}, ${told.answer.outcome}`;
  const { result } = told.answer;
  if (typeof result === "number") return "ok";
  if ("value" in result) return String(result.value);
  if (!("version" in result)) return "ok";
  if (result.version === undefined) return "absent";
  const { source, start, end } = result.version;
  return Buffer.from(source.subarray(start, end)).toString();
}

function put(key: string, text: string): WriteRequest {
  const source = Buffer.from(text);
  return {
    kind: operationKind.put,
    key: internalKeyOf("default", key),
    source,
    start: 0,
    end: source.length,
    ttlMs: 0,
    expectation: expectNothing,
  };
}

function increment(key: string): WriteRequest {
  return { kind: operationKind.increment, key: internalKeyOf("default", key), delta: 1 };
}

function get(key: string): ReadRequest {
  return { kind: operationKind.get, key: internalKeyOf("default", key), at: newest };
}

function operationOf([kind = "", key = "", text = ""]: readonly string[]): {
  readonly operation: WriteRequest | ReadRequest;
  readonly freshness: Freshness | undefined;
} {
  if (kind === "put") return { operation: put(key, text), freshness: undefined };
  if (kind === "increment") return { operation: increment(key), freshness: undefined };
  if (kind === "get") return { operation: get(key), freshness: linearizable };
  if (kind === "stale") return { operation: get(key), freshness: stale(0, 0) };
  throw new Error(`no operation is called ${kind}`);
}

function operate(kind: string): Verb {
  return (scene, words) => {
    const { operation, freshness } = operationOf([kind, ...words]);
    return scene.settle(scene.issue(operation, freshness));
  };
}

/** A verb for every node that is named. */
function each(act: (node: SimulatedNode, scene: Scene) => void): Verb {
  return (scene, words) => {
    for (const node of scene.nodes(words)) act(node, scene);
  };
}

function links(words: readonly string[]): readonly (readonly [string, string])[] {
  return words.flatMap((word) => {
    const [from = "", to = ""] = word.split(/[>-]/);
    return word.includes(">") ? [[from, to] as const] : [[from, to] as const, [to, from] as const];
  });
}

function statusText(node: SimulatedNode): string {
  const status = node.host?.status();
  const barred = node.barred ?? status?.barred?.code;
  if (barred !== undefined) return `${node.name} ${barred}`;
  if (status === undefined) return `${node.name} down`;
  const unstartable = Object.entries(status.unstartable).map(
    ([group, { code }]) => `${group} ${code}`,
  );
  const replicas = status.replicas.map(({ group, role, stopped }) =>
    stopped === undefined ? `${group} ${role}` : `${group} ${stopped.code}`,
  );
  const parts = [...replicas, ...unstartable].sort();
  return `${node.name} ${parts.length === 0 ? "not born" : parts.join(", ")}`;
}

const verbs: Readonly<Record<string, Verb>> = {
  start: each((node) => node.start()),
  kill: each((node) => node.kill()),
  "cut-power": each((node, { cluster }) => {
    node.losePower(cluster.randomness.split(`power of ${node.name} at ${cluster.world.nowMs}`));
  }),
  pause: each((node) => node.process?.pause()),
  resume: each((node) => node.process?.resume()),
  suspend: each((node) => node.machine.suspend()),
  wake: each((node) => node.machine.resume()),
  drain: each((node) => node.drain()),
  "lose-log": each((node, { cluster }) => {
    cluster.hurt.add(node.name);
    node.loseLog(true);
  }),
  "lose-directory": each((node, { cluster }) => {
    cluster.hurt.add(node.name);
    node.loseLog(false);
    node.stateDisk.lose();
  }),
  "lose-state": each((node) => node.stateDisk.lose()),
  "fail-flush": each((node) => {
    node.logDisk.faults.failNextFlush = true;
  }),
  "slow-disk": each((node) => {
    node.flushSlowdown = 1_000;
  }),
  "day-ahead": each((node) => node.machine.jumpWall(dayMs)),

  /** `flip g1 n1 3`: a bit of the record of slot 3. */
  flip: ({ cluster }, [group = "", name = "", slot = ""]) => {
    cluster.hurt.add(name);
    const flipped = cluster.node(name).logDisk.flipBit(group, Number(slot), 300);
    return flipped ? undefined : "there is no such record";
  },

  /** `n1-n2` both ways, `n1>n2` one way. */
  cut: ({ cluster }, words) => {
    for (const [from, to] of links(words)) cluster.network.cut(from, to);
  },
  clog: ({ cluster }, words) => {
    for (const [from, to] of links(words)) cluster.network.clog(from, to);
  },
  isolate: ({ cluster }, words) => {
    const others = [...cluster.nodes.keys()].filter((name) => !words.includes(name));
    cluster.network.partition(words, others);
  },
  heal: ({ cluster }) => cluster.network.healAll(),

  run: ({ cluster }, [ms = ""]) => cluster.world.runFor(Number(ms)),

  /** Waits until somebody leads the group; `leads g1 n2`: until that node does. */
  leads: ({ cluster }, [group = "", node]) => {
    const leader = (): string | undefined => cluster.leaderOf(group)?.name;
    cluster.world.runUntil(
      () => (node === undefined ? leader() !== undefined : leader() === node),
      patienceMs,
    );
    return leader() ?? "nobody";
  },

  put: operate("put"),
  get: operate("get"),
  stale: operate("stale"),
  increment: operate("increment"),

  /** As the second client. */
  other: (scene, words) => {
    const { operation, freshness } = operationOf(words);
    return scene.settle(scene.issue(operation, freshness, true));
  },

  /** `fill 20`: so many puts at once, all of which have to succeed. */
  fill: (scene, [count = ""]) => {
    const recorded = Array.from({ length: Number(count) }, (_, index) =>
      scene.issue(put(`f${index}`, `${"x".repeat(40)}${scene.nextNumber()}`), undefined),
    );
    return [...new Set(recorded.map((one) => scene.settle(one)))].join("\n");
  },

  /** On raw subjects, which every node hears. `raw-named ID` asks under a message id, until it is answered. */
  raw: (scene, words) => scene.settle(scene.issueRaw(words, undefined)),
  "raw-named": (scene, [id, ...words]) => void scene.open.push(scene.issueRaw(words, id)),
  "raw-ask": (scene, words) => void scene.open.push(scene.issueRaw(words, undefined)),

  /** Asks without waiting; `answers` waits for all of them. */
  ask: (scene, words) => {
    const { operation, freshness } = operationOf(words);
    scene.open.push(scene.issue(operation, freshness));
  },
  answers: (scene) =>
    scene.open
      .splice(0)
      .map((recorded) => scene.settle(recorded))
      .join("\n"),

  status: (scene, words) => scene.nodes(words).map(statusText).join("\n"),

  /** How far the group's time is from the world's, in whole hours. */
  "time-of": ({ cluster }, [group = ""]) => {
    const status = [...cluster.nodes.values()]
      .flatMap(({ host }) => host?.replica(group) ?? [])
      .map((replica) => replica.lastMs);
    const { world } = cluster;
    const aheadMs = Math.max(...status) - (world.startWallMs + world.nowMs);
    return `${Math.round(aheadMs / 3_600_000)} hours ahead`;
  },

  /** Leaderships that began in any group so far. */
  "reigns-at-most": ({ cluster }, [most = ""]) => {
    return cluster.reigns <= Number(most) ? "so it is" : `no, ${cluster.reigns}`;
  },
};
