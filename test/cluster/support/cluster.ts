/**
 * A whole cluster of real processes: a nats-server with the shipped configuration, and nodes as `synod start` runs
 * them, each with its own disk. What is done to it has the names that people use for it.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { NodeStatus } from "../../../infra/status/node-status.ts";
import type { ReplicaStatus } from "../../../infra/status/replica-status.ts";
import {
  defaultTopology,
  type DefaultNodeCount,
} from "../../../infra/topology/default-topology.ts";
import { renderTopology } from "../../../infra/topology/render-topology.ts";
import type { Topology } from "../../../infra/topology/topology.ts";
import { History } from "../../../sim/workload/history.ts";
import { freePort } from "../../broker/real-broker.ts";
import { brokerPasswords } from "../../support/broker-passwords.ts";
import { startNatsServer, type NatsServer } from "../../support/nats-server.ts";
import { startRoutedServers } from "../../support/routed-servers.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { NodeUnderTest } from "./node-under-test.ts";
import { TestClient } from "./test-client.ts";
import { Watcher } from "./watcher.ts";

export interface ClusterOptions {
  readonly nodes?: DefaultNodeCount;
  readonly limits?: Readonly<Record<string, number>>;
  /** `partition` can be used. */
  readonly filtered?: boolean;
  /** With 3, NATS servers with routes between them; nodes begin at different ones. */
  readonly brokers?: 1 | 3;
  /** Where the only NATS server listens for WebSocket, if anywhere. */
  readonly webSocketPort?: number;
  /** The one NATS server tells about its connections. */
  readonly monitored?: boolean;
}

const bootMs = 30_000;
const linesShown = 6;

export class Cluster {
  readonly directory: string;
  readonly topology: Topology;
  readonly topologyFile: string;
  /** Of every client of this cluster. */
  readonly history = new History();
  readonly #nodes: ReadonlyMap<string, NodeUnderTest>;
  readonly #watcher: Watcher;
  readonly #clients: TestClient[] = [];
  readonly #brokers: NatsServer[];

  constructor(directory: string, brokers: readonly NatsServer[], options: ClusterOptions) {
    this.directory = directory;
    this.#brokers = [...brokers];
    const servers = brokers.map(({ url }) => url);
    this.topology = defaultTopology(options.nodes ?? 3, "tested", servers);
    this.topologyFile = join(directory, "topology.yaml");
    writeFileSync(this.topologyFile, renderTopology(this.topology));
    this.#nodes = new Map(
      this.topology.nodes.map(({ name }) => {
        const own = join(directory, name);
        mkdirSync(own);
        const node = new NodeUnderTest({
          name,
          directory: own,
          topologyFile: this.topologyFile,
          environment: brokerPasswords,
          limits: options.limits ?? {},
          filtered: options.filtered === true,
        });
        return [name, node];
      }),
    );
    this.#watcher = new Watcher(this.topology.servers, this.topology.prefix);
  }

  get broker(): NatsServer {
    return this.brokerAt(0);
  }

  /** In the order of the topology's servers. */
  brokerAt(index: number): NatsServer {
    const broker = this.#brokers[index];
    if (broker === undefined) throw new Error(`there is no NATS server ${index}`);
    return broker;
  }

  get nodes(): readonly NodeUnderTest[] {
    return [...this.#nodes.values()];
  }

  node(name: string): NodeUnderTest {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`no node is called ${name}`);
    return node;
  }

  /** The nodes that are not named, in order. */
  others(...names: readonly string[]): readonly string[] {
    return [...this.#nodes.keys()].filter((name) => !names.includes(name));
  }

  /** It begins at the NATS server of that index. */
  client(name: string, broker = 0): TestClient {
    const { servers, prefix } = this.topology;
    const inOrder = [...servers.slice(broker), ...servers.slice(0, broker)];
    const client = new TestClient({ name, servers: inOrder, prefix, history: this.history });
    this.#clients.push(client);
    return client;
  }

  start(...names: readonly string[]): void {
    for (const name of names) this.node(name).start();
  }

  async kill(...names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => this.node(name).kill()));
    this.#watcher.forget();
  }

  pause(name: string): void {
    this.node(name).pause();
  }

  resume(name: string): void {
    this.node(name).resume();
  }

  /**
   * Each node hears only those it shares a side with; a node may be on several sides, and one that is on none hears
   * nobody and is heard by nobody.
   */
  async partition(...sides: readonly (readonly string[])[]): Promise<void> {
    await this.#setEars((listener, speaker) =>
      sides.some((side) => side.includes(listener) && side.includes(speaker)),
    );
  }

  /** Messages of these to `listener` are lost; the other way they arrive. */
  async deafen(listener: string, speakers: readonly string[]): Promise<void> {
    await this.#setEars((to, from) => !(to === listener && speakers.includes(from)));
  }

  /** Nobody hears this one; it hears everybody. */
  async mute(speaker: string): Promise<void> {
    await this.#setEars((_, from) => from !== speaker);
  }

  async heal(): Promise<void> {
    await this.#setEars(() => true);
  }

  killBroker(index = 0): Promise<void> {
    return this.brokerAt(index).kill();
  }

  async restartBroker(index = 0): Promise<void> {
    this.#brokers[index] = await this.brokerAt(index).restart();
  }

  /** What the node says of itself at this moment; undefined while it is silent. */
  status(name: string): NodeStatus | undefined {
    return this.#watcher.status(name);
  }

  replica(name: string, group: string): ReplicaStatus | undefined {
    return this.#watcher.replica(name, group);
  }

  /** The one node that says that it leads the group; undefined while none or several do. */
  leaderOf(group: string): string | undefined {
    const leaders = this.#watcher.leadersOf(group);
    return leaders.length === 1 ? leaders[0] : undefined;
  }

  /** Nodes that are what is said of them in every group. */
  serving(names: readonly string[] = this.others()): boolean {
    return names.every((name) => {
      const status = this.status(name);
      return (
        status?.state === "serving" &&
        status.replicas.length === this.topology.groups.length &&
        status.replicas.every(({ role }) => role === "leader" || role === "follower")
      );
    });
  }

  get everyGroupLed(): boolean {
    return this.topology.groups.every(({ name }) => this.leaderOf(name) !== undefined);
  }

  /** A failure tells what the nodes were doing. */
  async waitUntil(what: string, holds: () => boolean, timeoutMs = 10_000): Promise<void> {
    try {
      await waitUntil(what, holds, timeoutMs);
    } catch (failure) {
      if (!(failure instanceof Error)) throw failure;
      throw new Error(`${failure.message}\n${this.#summary()}`, { cause: failure });
    }
  }

  async waitUntilServing(...names: readonly string[]): Promise<void> {
    const asked = names.length === 0 ? this.others() : names;
    await this.waitUntil(
      `${asked.join(", ")} serve and every group is led`,
      () => this.serving(asked) && this.everyGroupLed,
      bootMs,
    );
  }

  /** Every replica of these nodes has applied the same, all that clients were told of included. */
  async waitUntilQuiet(names: readonly string[] = this.others()): Promise<void> {
    await this.waitUntil("all replicas have applied the same", () =>
      this.topology.groups.every(({ name }) => {
        const applied = names.map((node) => this.replica(node, name)?.appliedThrough);
        const [first = 0] = applied;
        return first >= this.#newestSlotTold(name) && applied.every((slot) => slot === first);
      }),
    );
  }

  #newestSlotTold(group: string): number {
    let newest = 0;
    for (const { told } of this.history.operations) {
      if (told === undefined || !("place" in told.answer)) continue;
      const { place } = told.answer;
      if (place.group === group && place.slot > newest) newest = place.slot;
    }
    return newest;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.kill(...this.#nodes.keys());
    await this.#watcher.close();
    await Promise.all(this.#brokers.map((broker) => broker.kill()));
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #setEars(hears: (listener: string, speaker: string) => boolean): Promise<void> {
    const told = this.nodes.map((node) =>
      node.hearNothingFrom(this.others(node.name).filter((name) => !hears(node.name, name))),
    );
    await Promise.all(told);
  }

  #summary(): string {
    const lines = this.nodes.map((node) => {
      const status = this.status(node.name);
      const roles = status?.replicas.map(
        ({ group, role, appliedThrough }) => `${group} ${role} ${appliedThrough}`,
      );
      const state =
        status === undefined
          ? (node.endedBecause ?? "silent")
          : `${status.state}: ${roles?.join(", ")}`;
      const said = node.log.slice(-linesShown).map((line) => `\n    ${JSON.stringify(line)}`);
      return `  ${node.name} ${state}${said.join("")}`;
    });
    return lines.join("\n");
  }
}

/** A cluster whose nodes are not started yet. */
export async function makeCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const brokers =
    options.brokers === 3 ? (await startRoutedServers()).servers : [await startOneServer(options)];
  return new Cluster(mkdtempSync(join(tmpdir(), "synod-cluster-")), brokers, options);
}

async function startOneServer(options: ClusterOptions): Promise<NatsServer> {
  const { webSocketPort, monitored } = options;
  const shipped = webSocketPort === undefined ? "nats.conf" : "nats-websocket.conf";
  return startNatsServer({
    config: fileURLToPath(new URL(`../../../${shipped}`, import.meta.url)),
    env: { ...brokerPasswords, SYNOD_NATS_WEBSOCKET_LISTEN: `127.0.0.1:${webSocketPort}` },
    ...(monitored === true ? { monitorPort: await freePort() } : {}),
  });
}

/** A cluster that serves. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = await makeCluster(options);
  cluster.start(...cluster.others());
  await cluster.waitUntilServing();
  return cluster;
}
