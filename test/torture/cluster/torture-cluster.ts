/** A whole cluster of real processes, and what is known about it from outside. */
import { mkdirSync, writeFileSync, appendFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../../infra/broker/free-port.ts";
import type { NodeStatus } from "../../../infra/status/node-status.ts";
import { defaultTopology } from "../../../infra/topology/default-topology.ts";
import { renderTopology } from "../../../infra/topology/render-topology.ts";
import type { Topology } from "../../../infra/topology/topology.ts";
import { Violation } from "../../../sim/violation.ts";
import { Watcher } from "../../cluster/support/watcher.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { compareLog } from "./logs-on-disk.ts";
import { NodeLink } from "./node-link.ts";
import { ProposalTap } from "./proposal-tap.ts";
import { Reigns } from "./reigns.ts";
import { TortureBroker } from "./torture-broker.ts";
import { TortureNode } from "./torture-node.ts";

export interface ClusterSetup {
  readonly nodeCount: 3 | 5;
  /** Exists; everything the cluster writes is in it. */
  readonly directory: string;
  readonly brokerProgram: string;
  readonly diskLibrary: string | undefined;
  readonly productFolder: string | undefined;
}

/** What a node says of one of its replicas. */
export interface Observed {
  readonly node: string;
  readonly group: string;
  readonly appliedThrough: number;
  readonly checksum: number;
}

/** Small enough that a run spans many checkpoints and trims. */
const limits = { checkpointBytes: 128 * 1024, checkpointIntervalMs: 3_000 };
const bootMs = 60_000;
/** What is heard of a node that has been up for so long is not from before its start. */
const settledMs = 600;

export class TortureCluster {
  readonly topology: Topology;
  readonly broker: TortureBroker;
  readonly reigns: Reigns;
  readonly #tap: ProposalTap;
  readonly #nodes: ReadonlyMap<string, TortureNode>;
  readonly #watcher: Watcher;
  readonly #look: NodeJS.Timeout;
  /** What went wrong without anybody having done it. */
  #accident: Violation | undefined;
  #checkpoints = 0;
  #trims = 0;
  readonly #counted = new Map<string, { readonly checkpoints: number; readonly trims: number }>();

  static async make(setup: ClusterSetup): Promise<TortureCluster> {
    const port = await freePort();
    const topology = defaultTopology(setup.nodeCount, "tortured", [`nats://127.0.0.1:${port}`]);
    const tap = new ProposalTap();
    const links = new Map<string, NodeLink>();
    for (const { name } of topology.nodes) {
      links.set(name, await NodeLink.open(port, topology.prefix, (payload) => tap.note(payload)));
    }
    return new TortureCluster(setup, topology, port, links, tap);
  }

  private constructor(
    setup: ClusterSetup,
    topology: Topology,
    port: number,
    links: ReadonlyMap<string, NodeLink>,
    tap: ProposalTap,
  ) {
    const { directory, brokerProgram: program } = setup;
    this.topology = topology;
    this.#tap = tap;
    const topologyFile = join(directory, "topology.yaml");
    writeFileSync(topologyFile, renderTopology(topology));
    const brokerLog = join(directory, "nats-server.log");
    this.broker = new TortureBroker({
      program,
      port,
      onLine: (line) => appendFileSync(brokerLog, `${line}\n`),
      endedByItself: (reason) => this.#noteEnd(`nats-server ended by itself: ${reason}`),
    });
    this.#nodes = new Map(
      [...links].map(([name, link]) => {
        const own = join(directory, name);
        mkdirSync(own);
        const node = new TortureNode({
          name,
          directory: own,
          topologyFile,
          link,
          limits,
          diskLibrary: setup.diskLibrary,
          productFolder: setup.productFolder,
          endedByItself: (reason) => this.#noteEnd(reason),
        });
        return [name, node];
      }),
    );
    this.#watcher = new Watcher(topology.servers, topology.prefix);
    this.reigns = new Reigns(topology.groups.map(({ name }) => name));
    this.#look = setInterval(() => this.#lookAround(), 50);
  }

  get nodes(): readonly TortureNode[] {
    return [...this.#nodes.values()];
  }

  node(name: string): TortureNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`no node is called ${name}`);
    return node;
  }

  get groups(): readonly string[] {
    return this.topology.groups.map(({ name }) => name);
  }

  /** Over all starts of all nodes. */
  get checkpoints(): number {
    return this.#checkpoints;
  }

  get trims(): number {
    return this.#trims;
  }

  /** What the node says of itself at this moment; undefined while it is silent. */
  status(node: string): NodeStatus | undefined {
    return this.#watcher.status(node);
  }

  /** The one node that says that it leads the group; undefined while none or several do. */
  leaderOf(group: string): string | undefined {
    const leaders = this.#watcher.leadersOf(group);
    return leaders.length === 1 ? leaders[0] : undefined;
  }

  /** Waits no longer once `isOver`. */
  async start(isOver: () => boolean): Promise<void> {
    await this.broker.start();
    for (const node of this.nodes) node.start();
    const holds = (): boolean => isOver() || this.serving;
    await this.waitUntil("every node serves and every group is led", holds, bootMs);
  }

  /** Every node takes part in every group, and every group is led. */
  get serving(): boolean {
    const isWhole = this.nodes.every(({ name }) => {
      const status = this.status(name);
      return (
        status?.state === "serving" &&
        status.replicas.length === this.topology.groups.length &&
        status.replicas.every(({ role }) => role === "leader" || role === "follower")
      );
    });
    return isWhole && this.groups.every((group) => this.leaderOf(group) !== undefined);
  }

  /** Every replica has applied the same. */
  get even(): boolean {
    return this.groups.every((group) => {
      const slots = this.nodes.map(({ name }) => this.#replica(name, group)?.appliedThrough);
      return slots[0] !== undefined && slots.every((slot) => slot === slots[0]);
    });
  }

  /** A `Violation` of liveness says what every node was doing. */
  async waitUntil(what: string, holds: () => boolean, timeoutMs: number): Promise<void> {
    try {
      await waitUntil(what, () => this.#accident !== undefined || holds(), timeoutMs);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Violation("liveness", `${why}: ${this.summary()}`);
    }
    this.requireNoAccident();
  }

  requireNoAccident(): void {
    if (this.#accident !== undefined) throw this.#accident;
  }

  /** What every replica says of itself. */
  observe(): readonly Observed[] {
    return this.nodes.flatMap(({ name: node }) =>
      (this.status(node)?.replicas ?? []).map(({ group, appliedThrough, checksum }) => ({
        node,
        group,
        appliedThrough,
        checksum,
      })),
    );
  }

  /** Chosen entries from slot 1, of every group, as far as any replica has applied them. */
  chosen(observed: readonly Observed[]): ReadonlyMap<string, readonly Uint8Array[]> {
    if (this.#tap.violation !== undefined) throw this.#tap.violation;
    return new Map(
      this.groups.map((group) => {
        const own = observed.filter((replica) => replica.group === group);
        const through = Math.max(...own.map(({ appliedThrough }) => appliedThrough));
        return [group, this.#tap.entries(group, through)];
      }),
    );
  }

  /** Kills every node, and answers how many records on their disks are what was chosen; throws for one that is not. */
  async compareLogs(
    observed: readonly Observed[],
    chosen: ReadonlyMap<string, readonly Uint8Array[]>,
  ): Promise<number> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    const { cluster } = this.topology;
    let compared = 0;
    for (const { name: node, dataDirectory } of this.nodes) {
      const applied = observed
        .filter((replica) => replica.node === node)
        .map(({ group, appliedThrough }) => {
          return [group, (chosen.get(group) ?? []).slice(0, appliedThrough)] as const;
        });
      compared += await compareLog({ cluster, node, dataDirectory }, new Map(applied));
    }
    return compared;
  }

  summary(): string {
    return this.nodes
      .map(({ name, running }) => {
        const status = this.status(name);
        const replicas = (status?.replicas ?? []).map(
          ({ group, role, appliedThrough, stopped }) =>
            `${group} ${role} ${appliedThrough}${stopped === undefined ? "" : ` (${stopped.code}: ${stopped.text})`}`,
        );
        const barred = status?.barred === undefined ? "" : ` ${JSON.stringify(status.barred)}`;
        return `${name} ${running ? (status?.state ?? "silent") : "is down"}${barred}: ${replicas.join(", ")}`;
      })
      .join("; ");
  }

  async close(): Promise<void> {
    clearInterval(this.#look);
    for (const node of this.nodes) node.resume();
    await Promise.all(this.nodes.map((node) => node.kill()));
    await this.#watcher.close();
    await this.broker.kill();
    for (const { link, disk } of this.nodes) {
      link.close();
      disk.close();
    }
  }

  #replica(node: string, group: string): NodeStatus["replicas"][number] | undefined {
    return this.status(node)?.replicas.find((replica) => replica.group === group);
  }

  #lookAround(): void {
    for (const group of this.groups) this.reigns.note(group, this.#watcher.ballotsOf(group));
    for (const { name, starts } of this.nodes) {
      for (const { group, checkpoints, trims } of this.status(name)?.replicas ?? []) {
        const key = `${name} ${starts} ${group}`;
        const before = this.#counted.get(key) ?? { checkpoints: 0, trims: 0 };
        this.#checkpoints += Math.max(0, checkpoints - before.checkpoints);
        this.#trims += Math.max(0, trims - before.trims);
        this.#counted.set(key, { checkpoints, trims });
      }
    }
    this.#lookForStopped();
  }

  /** Replicas stop, and nodes are barred, only when their disks failed. */
  #lookForStopped(): void {
    for (const { name, diskFailed, upForMs } of this.nodes) {
      const status = this.status(name);
      if (diskFailed || upForMs < settledMs || status === undefined) continue;
      const emptied = status.replicas.find(({ needsSnapshot }) => needsSnapshot);
      if (emptied !== undefined) {
        const text = `${name} has lost what it had applied of ${emptied.group}`;
        this.#accident ??= new Violation("replicas keep their state", text);
      }
      const reason = status.barred ?? status.replicas.find(({ stopped }) => stopped)?.stopped;
      if (reason === undefined) continue;
      const text = `${name}: ${reason.code}: ${reason.text}`;
      this.#accident ??= new Violation("replicas stop only for faults", text);
    }
  }

  #noteEnd(what: string): void {
    this.#accident ??= new Violation("processes end only when they are ended", what);
  }
}
