/** A whole cluster in one process on virtual time: production nodes on simulated machines, disks and network. */
import { decodePeerMessage } from "../infra/codec/peer-codec.ts";
import type { Replica } from "../actors/replica/replica.ts";
import type { SimulatedLogDisk } from "../infra/log-store/simulated-log-store.ts";
import { SimulatedWorld } from "../infra/clock/simulated-world.ts";
import type { ReplicaLimits } from "../actors/replica/limits.ts";
import { seeded, type SeededRandomness } from "../infra/randomness/seeded-randomness.ts";
import { defaultTopology } from "../infra/topology/default-topology.ts";
import type { Topology } from "../infra/topology/topology.ts";
import { SimulatedNetwork } from "../infra/transport/simulated-network.ts";
import { isInboxSubject } from "../infra/transport/subject.ts";
import { Calm } from "./calm.ts";
import { OldMessages } from "./faults/old-messages.ts";
import { Sequels } from "./faults/sequels.ts";
import { Moments } from "./moments.ts";
import { BallotOwners } from "./oracles/ballot-owners.ts";
import { AppliedEntries } from "./oracles/applied-entries.ts";
import { ChosenValues } from "./oracles/chosen-values.ts";
import { DurableProgress } from "./oracles/durable-progress.ts";
import { Incarnations } from "./oracles/incarnations.ts";
import { LeaseHolders } from "./oracles/lease-holders.ts";
import { PersistThenSend } from "./oracles/persist-then-send.ts";
import { PromptAcceptances } from "./oracles/prompt-acceptances.ts";
import { requireFault } from "./oracles/reasons-to-stop.ts";
import { Silence } from "./oracles/silence.ts";
import type { RunObserver } from "./run-observer.ts";
import { SimulatedNode, type StateWatch } from "./simulated-node.ts";
import { TraceHash } from "./trace-hash.ts";
import { Violation } from "./violation.ts";
import { WatchedTransport } from "./watched-transport.ts";

export interface SimulatedClusterOptions {
  readonly seed: number;
  readonly nodes?: 1 | 3 | 5 | 7;
  readonly topology?: Topology;
  readonly limits?: Partial<ReplicaLimits>;
}

export interface LogLine {
  readonly atMs: number;
  readonly node: string;
  readonly what: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export class SimulatedCluster {
  readonly world: SimulatedWorld;
  readonly network: SimulatedNetwork;
  readonly topology: Topology;
  readonly randomness: SeededRandomness;
  readonly nodes: ReadonlyMap<string, SimulatedNode>;
  readonly chosen: ChosenValues;
  /** Machines of clients that speak on raw subjects, which every node hears. */
  readonly rawClients: string[] = [];
  readonly persisted: PersistThenSend;
  readonly silence = new Silence();
  readonly ballots = new BallotOwners();
  readonly incarnations = new Incarnations((node) => this.#isHurt(node));
  readonly applied = new AppliedEntries(
    (group, slot) => this.chosen.chosenAt(group, slot) !== undefined,
  );
  readonly progress = new DurableProgress(
    (group, slot) => this.chosen.chosenAt(group, slot),
    (node) => this.#isHurt(node),
    (group) => this.#membersOf(group),
  );
  readonly leases = new LeaseHolders((group) => this.#replicasOf(group));
  readonly calm = new Calm();
  readonly acceptances = new PromptAcceptances(this.calm, (group) => this.#votersOf(group));
  readonly trace = new TraceHash();
  readonly moments = new Moments();
  readonly oldMessages = new OldMessages();
  readonly sequels: Sequels;
  /** What an oracle saw first: thrown inside a node it may come out as that node's failure. */
  violation: Violation | undefined;
  readonly log: LogLine[] = [];
  #observer: RunObserver | undefined;
  /** Nodes whose disks lost something for good. */
  readonly hurt = new Set<string>();
  /** The machine whose clock is a day ahead, if one is. */
  dayAhead: { readonly node: string; readonly end: () => void } | undefined;
  /** Appends that trimmed a log. */
  trims = 0;
  /** Checkpoints that a member has told its leader of. */
  checkpoints = 0;
  /** The newest of them, by node and group. */
  readonly #checkpointedThrough = new Map<string, number>();
  /** Reigns seen, by group: leader and ballot. */
  readonly #reigns = new Set<string>();

  constructor(options: SimulatedClusterOptions) {
    this.randomness = seeded(options.seed);
    this.world = new SimulatedWorld();
    this.sequels = new Sequels(this.world);
    this.network = new SimulatedNetwork(this.world, this.randomness.split("network"));
    this.topology = options.topology ?? defaultTopology(options.nodes ?? 3, "simulated");
    this.chosen = new ChosenValues((group) => this.#phase2(group));
    this.persisted = new PersistThenSend(this.chosen);
    this.nodes = new Map(
      this.topology.nodes.map(({ name }) => [name, this.#makeNode(name, options.limits ?? {})]),
    );
  }

  startAll(): void {
    for (const node of this.nodes.values()) node.start();
  }

  /** Whether the others can still do without this node and those that were hurt before. */
  mayHurt({ name }: SimulatedNode): boolean {
    const hurt = new Set([...this.hurt, name]).size;
    return this.topology.groups.every(
      ({ members, phase1, phase2 }) => hurt <= members.length - Math.max(phase1, phase2),
    );
  }

  noteEvent(node: string, what: string, details: Readonly<Record<string, unknown>>): void {
    const line = { atMs: this.world.nowMs, node, what, details };
    this.log.push(line);
    this.calm.disturb(line.atMs);
    this.#observer?.noted?.(line);
  }

  /** Shows the rest of the run to an observer. */
  show(observer: RunObserver): void {
    this.#observer = observer;
    this.network.observer = observer.network;
    observer.began?.(this);
  }

  node(name: string): SimulatedNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`no simulated node is called ${name}`);
    return node;
  }

  /** The node that leads the group, as it sees itself; undefined while none does. */
  leaderOf(group: string): SimulatedNode | undefined {
    for (const node of this.nodes.values()) {
      if (node.host?.replica(group)?.leads === true) return node;
    }
    return undefined;
  }

  /** As its group `meta` was born with. */
  get clusterId(): string {
    for (const { host } of this.nodes.values()) {
      const clusterId = host?.status().clusterId;
      if (clusterId !== undefined) return clusterId;
    }
    return "";
  }

  get everyGroupLed(): boolean {
    return this.topology.groups.every(({ name }) => this.leaderOf(name) !== undefined);
  }

  /** Distinct (group, ballot) pairs that were in power. */
  get reigns(): number {
    return this.#reigns.size;
  }

  /** Its disks lost something, or are what they were once. */
  #isHurt(node: string): boolean {
    return this.hurt.has(node) || this.node(node).restored;
  }

  /** Distinct ballots of the group that were in power. */
  reignsOf(group: string): number {
    return [...this.#reigns].filter((reign) => reign.startsWith(`${group} `)).length;
  }

  #phase2(group: string): number {
    const found = this.topology.groups.find(({ name }) => name === group);
    if (found === undefined) throw new Error(`no group is called ${group}`);
    return found.phase2;
  }

  #makeNode(name: string, limits: Partial<ReplicaLimits>): SimulatedNode {
    const node = new SimulatedNode({
      topology: this.topology,
      name,
      machine: this.world.machine(name),
      network: this.network,
      randomness: this.randomness.split(`node ${name}`),
      limits,
      flushMs: (randomness) => 0.2 + randomness.fraction() * 0.6,
      wrapPeers: (peers) =>
        new WatchedTransport(
          peers,
          (subject, payload) => this.#watch(() => this.#sent(node, subject, payload)),
          () => this.#left(node),
        ),
      wrapClients: (clients) =>
        new WatchedTransport(
          clients,
          (subject, payload) => {
            this.#watch(() => this.#replied(node, payload));
            if (!isInboxSubject(subject)) return;
            node.trap?.leaves("answer");
            this.moments.answering(node.name, payload);
          },
          () => this.#left(node),
        ),
      log: (from, what, details) => {
        this.noteEvent(from, what, details);
        this.#watch(() => requireFault(from, what, details, this.#isHurt(from)));
      },
      states: this.#statesOf(name, () => node.logDisk),
    });
    node.logDisk.onEveryFlush = (when) => this.moments.flushing(when, name);
    node.logDisk.onDurable = (group, change) => {
      this.#observer?.flushed?.(name, group, change);
      this.#watch(() => {
        if (change.trimThrough !== undefined) this.trims += 1;
        this.chosen.noteDurable(name, group, change);
        this.persisted.noteDurable(name, group, change);
        this.progress.noteDurable(name, group, change, node.logDisk.group(group).head);
      });
    };
    return node;
  }

  #statesOf(node: string, disk: () => SimulatedLogDisk): StateWatch {
    return {
      entryApplied: (group, state) => this.#watch(() => this.applied.note(node, group, state)),
      opened: (group, through) => {
        this.applied.noteStart(node, group);
        this.#watch(() => this.progress.noteOpened(node, group, through));
      },
      switching: (group, through) => {
        const { head } = disk().group(group);
        this.#watch(() => this.progress.noteSwitching(node, group, through, head));
      },
      checkpointed: (group, through) => {
        this.#watch(() => this.progress.noteCheckpoint(node, group, through));
      },
    };
  }

  *#replicasOf(group: string): Generator<readonly [string, Replica]> {
    for (const { name, host } of this.nodes.values()) {
      const replica = host?.replica(group);
      if (replica !== undefined) yield [name, replica];
    }
  }

  #membersOf(group: string): readonly string[] {
    return this.topology.groups.find(({ name }) => name === group)?.members ?? [];
  }

  /** Undefined while a member does not vote that has its disks, or one's disk is not done with what a fault held up. */
  #votersOf(group: string): readonly string[] | undefined {
    const members = this.#membersOf(group);
    if (members.some((name) => this.node(name).writesSlowly)) return undefined;
    const voters = members.filter((name) => this.node(name).votes(group));
    const others = members.filter((name) => !voters.includes(name));
    return others.every((name) => this.#isHurt(name)) ? voters : undefined;
  }

  #watch(look: () => void): void {
    try {
      look();
    } catch (error) {
      if (error instanceof Violation) this.violation ??= error;
      throw error;
    }
  }

  #sent(node: SimulatedNode, subject: string, payload: Uint8Array): void {
    const { envelope, message } = decodePeerMessage(payload);
    this.oldMessages.note(message.type, node.name, subject, payload);
    this.trace.add(`${this.world.nowMs} ${subject} ${message.type} ${payload.length}`);
    this.trace.addBytes(payload);
    this.persisted.noteSent(node.name, envelope.group, message);
    this.ballots.noteSent(node.name, envelope, message);
    this.silence.noteSent(node, envelope.group, message);
    this.incarnations.noteSent(node.name, envelope);
    this.acceptances.noteSent(node.name, envelope.group, message, this.world.nowMs);
    if (message.type === "accept" || message.type === "heartbeat") {
      this.leases.look(node.name, envelope.group, node.host?.replica(envelope.group));
    }
    node.trap?.leaves(message.type);
    this.moments.leaving(message.type, node.name, envelope.group);
    if (message.type === "heartbeatAcked") {
      this.#noteCheckpoint(`${node.name}/${envelope.group}`, message.checkpointThrough);
    }
    if (message.type === "heartbeat") {
      const { round, member } = message.ballot;
      const reign = `${envelope.group} ${round} ${member}`;
      if (this.#reigns.has(reign)) return;
      this.#reigns.add(reign);
      this.noteEvent(node.name, "leads", { group: envelope.group, round });
    }
  }

  #left(node: SimulatedNode): void {
    node.trap?.left();
    this.moments.left();
  }

  #replied(node: SimulatedNode, payload: Uint8Array): void {
    this.silence.noteReply(node, payload);
    for (const { name } of this.topology.groups) {
      this.leases.look(node.name, name, node.host?.replica(name));
    }
  }

  #noteCheckpoint(replica: string, through: number): void {
    if (through <= (this.#checkpointedThrough.get(replica) ?? 0)) return;
    this.#checkpointedThrough.set(replica, through);
    this.checkpoints += 1;
  }
}
