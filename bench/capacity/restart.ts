/**
 * How long nodes take to come back after `kill -9` just before a checkpoint is due: the log behind the last one is then
 * a whole interval long, and has to be applied again.
 */
import { connect, type SynodClient } from "../../client/index.ts";
import { defaultLimits } from "../../actors/replica/limits.ts";
import type { ReplicaStatus } from "../../infra/status/replica-status.ts";
import type { BenchCluster } from "../throughput/cluster.ts";
import { keyAt } from "./keys.ts";
import { groupOf, pause, replicasOf } from "./nodes.ts";
import type { CapacityOptions } from "./options.ts";
import { RunningWriter } from "./writers.ts";

export interface Restart {
  readonly killed: "one node" | "all nodes";
  /** From the start of the (first) process to the first linearizable answer that a process started since has given. */
  readonly answeredMs: number;
  /** One node: until it had applied everything and followed. */
  readonly caughtUpMs: number | undefined;
  /** Of the log that had to be applied again, as a table in memory, and in slots; of the smallest, if all were killed. */
  readonly tailMiB: number;
  readonly tailSlots: number;
}

const mebibyte = 2 ** 20;
/** The table becomes a checkpoint when it is this large. */
const { checkpointBytes } = defaultLimits(mebibyte);
/** Writers are stopped here, and the nodes killed if they have not gone beyond. */
const fullShare = 0.9;
const timeoutMs = 60_000;
const tries = 20;
const askEveryMs = 10;
/** Often enough to see when something is over, and so seldom that the answers cost nothing. */
const lookEveryMs = 25;
/** Until a leader has heard how far its followers are; before it would give the lead to another one. */
const heardOfMs = 150;

export class Restarts {
  readonly #cluster: BenchCluster;
  readonly #options: CapacityOptions;
  readonly #client: SynodClient;
  readonly #group: string;
  /** Leads the group whenever it can. */
  readonly #node: string;

  private constructor(
    cluster: BenchCluster,
    options: CapacityOptions,
    client: SynodClient,
    { group, members }: ReplicaStatus,
  ) {
    this.#cluster = cluster;
    this.#options = options;
    this.#client = client;
    this.#group = group;
    this.#node = members[0] ?? "";
  }

  static async open(cluster: BenchCluster, options: CapacityOptions): Promise<Restarts> {
    const { address: servers, password } = cluster;
    const client = await connect({ servers, user: "client", password, timeoutMs });
    return new Restarts(cluster, options, client, groupOf(await cluster.status()));
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  /** One node is killed; when it has caught up, whoever leads meanwhile is asked to end, and so gives it the lead. */
  async one(): Promise<Restart> {
    for (let round = 0; round < tries; round++) {
      const tail = await this.#fillTail([this.#node]);
      const pid = this.#cluster.pidOf(this.#node);
      this.#cluster.crash(this.#node);
      await this.#cluster.replaced(this.#node, pid);
      const startedMs = this.#cluster.startedMs(this.#node);
      const { deputy, appliedMs } = await this.#caughtUp();
      const nowMs = performance.now();
      const caughtUpMs = nowMs - startedMs;
      await pause(Math.max(0, appliedMs + heardOfMs - nowMs));
      this.#cluster.end(deputy);
      if (!(await this.#leads())) continue;
      await this.#get();
      const answeredMs = performance.now() - startedMs;
      const leader = replicasOf(await this.#cluster.status(), this.#group).get(this.#node)?.role;
      if (leader === "leader") return { killed: "one node", answeredMs, caughtUpMs, ...tail };
    }
    throw new Error(`${this.#node} was not given the lead in ${tries} attempts`);
  }

  /** Whoever answers has just been started. */
  async all(): Promise<Restart> {
    const { nodes } = this.#cluster;
    await this.#checkpointAll();
    const tail = await this.#fillTail(nodes);
    const pids = nodes.map((node) => this.#cluster.pidOf(node));
    for (const node of nodes) this.#cluster.crash(node);
    const replaced = nodes.map((node, at) => this.#cluster.replaced(node, pids[at] ?? 0));
    await Promise.race(replaced);
    const answered = this.#firstAnswer();
    await Promise.all(replaced);
    const startedMs = Math.min(...nodes.map((node) => this.#cluster.startedMs(node)));
    const answeredMs = (await answered) - startedMs;
    return { killed: "all nodes", answeredMs, caughtUpMs: undefined, ...tail };
  }

  /** Ends all nodes in order, so that their next checkpoints are due at the same time. */
  async #checkpointAll(): Promise<void> {
    const { nodes } = this.#cluster;
    const pids = nodes.map((node) => this.#cluster.pidOf(node));
    for (const node of nodes) this.#cluster.end(node);
    await Promise.all(nodes.map((node, at) => this.#cluster.replaced(node, pids[at] ?? 0)));
  }

  /** Writes until the next checkpoint is nearly due on these nodes. */
  async #fillTail(nodes: readonly string[]): Promise<Pick<Restart, "tailMiB" | "tailSlots">> {
    await this.#cluster.ready();
    for (let round = 0; round < tries; round++) {
      const { keys } = this.#options;
      const writer = new RunningWriter(this.#cluster, this.#options, {
        kind: "put",
        keys,
        callers: 64,
      });
      let replicas = await this.#replicas(nodes);
      const areNearlyFull = (): boolean =>
        replicas.length === nodes.length && replicas.every(isNearlyFull);
      while (!areNearlyFull()) {
        await Promise.race([pause(1), writer.ended]);
        replicas = await this.#replicas(nodes);
      }
      await writer.stop();
      replicas = await this.#replicas(nodes);
      if (!areNearlyFull()) continue;
      const tables = replicas.map(({ tableBytes }) => tableBytes);
      const slots = replicas.map((one) => one.appliedThrough - one.checkpointThrough);
      return { tailMiB: Math.min(...tables) / mebibyte, tailSlots: Math.min(...slots) };
    }
    throw new Error(`the tables were never nearly full at the same time in ${tries} attempts`);
  }

  async #replicas(nodes: readonly string[]): Promise<readonly ReplicaStatus[]> {
    const all = replicasOf(await this.#cluster.status(), this.#group);
    return nodes.flatMap((node) => all.get(node) ?? []);
  }

  /**
   * Resolves as soon as the restarted node votes, follows whoever leads meanwhile and lacks nothing; with that one, and with
   * the time since when it was seen to lack nothing.
   */
  async #caughtUp(): Promise<{ readonly deputy: string; readonly appliedMs: number }> {
    let appliedMs: number | undefined;
    for (;;) {
      await pause(lookEveryMs);
      const replicas = replicasOf(await this.#cluster.status(lookEveryMs), this.#group);
      const own = replicas.get(this.#node);
      for (const [node, { role, appliedThrough }] of replicas) {
        if (role !== "leader" || node === this.#node) continue;
        if (own?.leader !== node || own.appliedThrough < appliedThrough) continue;
        appliedMs ??= performance.now();
        if (stateOf(own, "acceptor") === "voting") return { deputy: node, appliedMs };
      }
    }
  }

  /** False if somebody else got the lead. */
  async #leads(): Promise<boolean> {
    const untilMs = performance.now() + timeoutMs;
    while (performance.now() < untilMs) {
      await pause(lookEveryMs);
      const replicas = replicasOf(await this.#cluster.status(lookEveryMs), this.#group);
      if (replicas.get(this.#node)?.role === "leader") return true;
      const others = [...replicas].filter(([node]) => node !== this.#node);
      if (others.length < 2 && others.some(([, { role }]) => role === "leader")) return false;
    }
    return false;
  }

  async #get(): Promise<void> {
    const key = keyAt(Math.floor(Math.random() * this.#options.keys));
    const entry = await this.#client.bucket().get(key);
    if (entry === undefined) throw new Error(`${key} is gone`);
  }

  /** Asks again and again, and does not wait for one answer before it asks for the next. */
  #firstAnswer(): Promise<number> {
    return new Promise((resolve, reject) => {
      const asking = setInterval(() => {
        void this.#get()
          .then(() => resolve(performance.now()), reject)
          .finally(() => clearInterval(asking));
      }, askEveryMs);
    });
  }
}

function isNearlyFull(replica: ReplicaStatus): boolean {
  const isIdle = stateOf(replica, "checkpointer") === "idle";
  return isIdle && replica.tableBytes >= fullShare * checkpointBytes;
}

function stateOf({ actors }: ReplicaStatus, role: string): string | undefined {
  return actors.find(({ name }) => name.endsWith(`/${role}`))?.state;
}
