/** One Synod node: its groups' births and replicas, its region manager, and its doors to peers and clients. */
import type { Forward, PeerMessage } from "../../infra/codec/peer-codec.ts";
import type { Clock } from "../../infra/clock/clock.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { LogStore } from "../../infra/log-store/log-store.ts";
import type { Randomness } from "../../infra/randomness/randomness.ts";
import type { StateStore } from "../../infra/state-store/state-store.ts";
import { metaGroup, type Topology } from "../../infra/topology/topology.ts";
import type { Transport } from "../../infra/transport/transport.ts";
import type { ReplicaState } from "../../kv/replica-state.ts";
import type { Birth } from "../../machines/birth/birth-record.ts";
import type { Sender } from "../../machines/messages.ts";
import type { StartHistory } from "../../machines/node/start.ts";
import { nodeActor } from "../../machines/node/node-rules.ts";
import { NodeLife, type NodeEffect, type NodeEvent } from "../../machines/node/node-memory.ts";
import type {
  GroupRoute,
  RegionTable,
  RoutingTable,
} from "../../machines/region-manager/routing.ts";
import { Actor, type HostOptions, type Timed } from "../actor.ts";
import { Dispatcher } from "../dispatcher.ts";
import { DropCounts } from "../drop-counts.ts";
import { PeerLink } from "../peer-link.ts";
import type { ReplicaLimits } from "../replica/limits.ts";
import { Replica } from "../replica/replica.ts";
import { StartRegistry } from "../start-registry.ts";
import { stopReasonOf } from "../stop-reason.ts";
import type { StopReason } from "../../infra/status/stop-reason.ts";
import { birthPlansFor, storedBirths, topologyDifference } from "./birth-plans.ts";
import { Births } from "./births.ts";
import { ClientDoors } from "./client-doors.ts";
import { ForwardedOnce } from "./forwarded-once.ts";
import type { NodeStatus } from "../../infra/status/node-status.ts";
import { RegionManaging } from "./region-managing.ts";
import { RouteBook } from "./route-book.ts";

export interface NodeHostOptions {
  readonly topology: Topology;
  readonly node: string;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** Protocol and clients have a connection each: a flood of one cannot make the other a slow consumer. */
  readonly peers: Transport;
  readonly clients: Transport;
  readonly logStore: LogStore;
  readonly stateStore: StateStore;
  /** No other process has had the stores open since then, by `clock`: what one has granted, it granted earlier. */
  readonly ownedSinceMs: number;
  readonly limits: ReplicaLimits;
  readonly version: string;
  /** What the process knows of itself, for `status`: memory, event-loop lag. */
  readonly vitals: () => Readonly<Record<string, number>>;
  readonly log: (what: string, details: Readonly<Record<string, unknown>>) => void;
  /** Everything is on disk and nothing will be said any more. */
  readonly stopped: () => void;
  /** A replica applied an entry, and nothing else has happened since: simulations compare replicas here. */
  readonly entryApplied?: (group: string, state: ReplicaState) => void;
}

type NodeActor = Actor<NodeEvent, NodeEffect, NodeLife>;

export class NodeHost {
  readonly #options: NodeHostOptions;
  readonly #self: Sender;
  readonly #start: StartHistory;
  readonly #ownGroups: readonly string[];
  readonly #nodes: readonly string[];
  readonly #dispatcher = new Dispatcher();
  readonly #drops = new DropCounts();
  readonly #replicas = new Map<string, Replica>();
  /** Groups whose replica could not even be made. */
  readonly #unstartable = new Map<string, StopReason>();
  readonly #problems = new Map<string, string>();
  readonly #starts: StartRegistry;
  readonly #forwardedOnce = new ForwardedOnce(this.#drops);
  /** Frames passed on since this start. */
  #forwarded = 0;
  readonly #life: NodeActor;
  readonly #births: Births;
  readonly #peerLink: PeerLink;
  readonly #doors: ClientDoors;
  readonly #routes: RouteBook;
  readonly #regionManaging: RegionManaging;
  #barred: StopReason | undefined;
  #closed = false;

  constructor(options: NodeHostOptions) {
    const { topology, node, clock, randomness, logStore, peers, clients } = options;
    const { member, incarnation, start, earlier } = logStore.identity;
    this.#options = options;
    this.#self = { node, member };
    this.#start = { member, incarnation, start, earlier };
    requireOwnStartsOnly(logStore);
    const stored = storedBirths(logStore);
    const plans = birthPlansFor(topology, node, stored);
    const ownGroups = plans.filter((plan) => plan.nodes.includes(node)).map(({ group }) => group);
    const named = [
      ...topology.nodes.map(({ name }) => name),
      ...plans.flatMap((plan) => plan.nodes),
    ];
    const nodes = [...new Set(named)];
    this.#nodes = nodes;
    this.#routes = new RouteBook(
      clock,
      (group) => this.#ownWord(group),
      () => this.#routesAtBirth(),
    );
    this.#doors = new ClientDoors({
      topology,
      node,
      start: this.#start,
      clock,
      transport: clients,
      version: options.version,
      drops: this.#drops,
      replicas: this.#replicas,
      clusterId: () => this.#births.clusterId,
      frameBytesMax: options.limits.entryBytesMax,
      routes: this.#routes,
      barred: () => this.#barred,
      forward: (to, frame, reply) =>
        this.#peerLink.send(to, metaGroup, {
          type: "forward",
          forwardNumber: (this.#forwarded += 1),
          frame,
          reply,
        }),
      statusAsked: (reply) => this.#regionManaging.asked("statusAsked", reply),
      regionsAsked: (reply) => this.#regionManaging.asked("regionsAsked", reply),
      nodeStatus: () => ({ ...this.status() }),
    });
    const shared: Omit<HostOptions, "failed"> = {
      clock,
      dispatcher: this.#dispatcher,
      made: (actor) => this.#doors.inspection.made(actor),
    };
    const host: HostOptions = { ...shared, failed: (reason) => this.#stopAll(reason) };
    this.#ownGroups = ownGroups;
    const starts = new StartRegistry(logStore, (failure) => this.#stopAll(failure));
    this.#starts = starts;

    this.#life = new Actor({
      ...host,
      name: "node",
      logic: nodeActor,
      memory: new NodeLife({
        self: this.#self,
        start: this.#start,
        groups: ownGroups,
        peers: nodes.filter((name) => name !== node),
        metStart: (asked) => starts.met(asked),
      }),
      perform: (effect: NodeEffect) => this.#perform(effect),
    });
    this.#births = new Births({
      self: this.#self,
      plans,
      host,
      logStore,
      randomness,
      send: (to, group, message) => this.#peerLink.send(to, group, message),
      born: (birth, restarted) => this.#born(birth, restarted),
      lost: (birth) => this.#lost(birth),
      problem: (text) => this.#noteProblem("TOPOLOGY_DIFFERS", text),
      storageFailed: (failure) => this.#stopAll(failure),
    });
    this.#peerLink = new PeerLink({
      transport: peers,
      clock,
      prefix: topology.prefix,
      clusterName: topology.cluster,
      self: node,
      start: this.#start,
      nodes,
      groups: ownGroups,
      starts,
      drops: this.#drops,
      identityOf: (group) => {
        const birth = this.#births.birthOf(group);
        return birth && { clusterId: birth.clusterId, epoch: birth.configuration.epoch };
      },
      receive: (message, group, from, times) => this.#receive(message, group, from, times),
    });
    this.#regionManaging = new RegionManaging({
      self: this.#self,
      nodes,
      host: shared,
      clusterId: () => this.#births.clusterId ?? "",
      physicalMs: () => this.#stampMs(),
      metaLeader: () => this.#routes.leaderOf(metaGroup),
      leaders: () => this.#leaders(),
      status: () => ({ ...this.status() }),
      readTable: (read) => this.#readTable(read),
      adopt: (table) => this.#routes.adopt(table),
      send: (to, message) => this.#peerLink.send(to, metaGroup, message),
      answer: (reply, answer) => this.#doors.deliver(reply, Buffer.from(JSON.stringify(answer))),
      report: (what, details) => options.log(what, details),
    });

    const difference = topologyDifference(topology, node, stored);
    if (difference !== undefined) this.#noteProblem("TOPOLOGY_DIFFERS", difference);
    peers.onConnectionChange((connected) => {
      const nowMs = clock.monotonicMs();
      this.#life.post({ type: connected ? "connected" : "disconnected", nowMs });
    });
  }

  start(): void {
    this.#life.start();
    this.#regionManaging.start();
    this.#peerLink.listen();
    this.#doors.listen();
    this.#births.start();
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#options.peers.connected) this.#life.post({ type: "connected", nowMs });
  }

  /** Stops intake, hands leadership over, writes checkpoints, and calls `stopped`; a second call does not wait. */
  drain(): void {
    this.#doors.drain();
    this.#life.post({ type: "drain", nowMs: this.#options.clock.monotonicMs() });
  }

  get state(): string {
    return this.#life.state;
  }

  replica(group: string): Replica | undefined {
    return this.#replicas.get(group);
  }

  status(): NodeStatus {
    const { version, vitals, logStore, peers } = this.#options;
    return {
      node: this.#self.node,
      nodes: this.#nodes,
      version,
      state: this.#life.state,
      member: this.#self.member,
      incarnation: this.#start.incarnation,
      clusterId: this.#births.clusterId,
      connected: peers.connected,
      barred: this.#barred,
      problems: [...this.#problems].map(([code, text]) => ({ code, text })),
      births: this.#births.states(),
      replicas: [...this.#replicas.values()].map((replica) => replica.status()),
      unstartable: Object.fromEntries(this.#unstartable),
      regionManager: this.#regionManaging.state,
      flush: logStore.statistics(),
      drops: this.#drops.toJSON(),
      vitals: vitals(),
    };
  }

  #receive(message: PeerMessage, group: string, from: Sender, times: Timed): void {
    switch (message.type) {
      case "birthAsk":
      case "birthAnswer":
      case "birthOffer":
      case "birthHeld":
        return this.#births.receive(group, message, from, times);
      case "hello":
      case "helloAnswer":
        return this.#life.post({ ...message, from, ...times });
      case "nodeReport":
      case "routing":
        return this.#regionManaging.receive(message, from, times);
      case "forward":
        return this.#takeForwarded(message, from);
      default: {
        const replica = this.#replicas.get(group);
        if (replica === undefined) this.#drops.count("no replica of that group");
        else replica.receive(message, from, times);
      }
    }
  }

  #takeForwarded({ forwardNumber, frame, reply }: Forward, { member }: Sender): void {
    const start = this.#starts.met(member);
    if (start === undefined || !this.#forwardedOnce.admits(start, forwardNumber)) return;
    this.#doors.takeForwarded(frame, reply);
  }

  #perform(effect: NodeEffect): void {
    switch (effect.type) {
      case "send":
        return this.#peerLink.send(effect.to, "", effect.message);
      case "deadline":
        return this.#life.setDeadline(effect.name, effect.atMs);
      case "disconnected":
        for (const replica of this.#replicas.values()) replica.disconnected();
        return;
      case "serving":
        return this.#options.log("serving", {});
      case "drainReplicas":
        return this.#drainReplicas();
      case "barred":
        return this.#bar({ code: effect.code, text: effect.text });
      case "unknownStartMet":
        return this.#options.logStore.recordPeer(effect.met, (failure) => {
          if (failure !== undefined) this.#stopAll(failure);
        });
      case "stopped":
        return this.#close();
    }
  }

  #born(birth: Birth, restarted: boolean): void {
    const { group, configuration } = birth;
    if (!configuration.members.some(({ node }) => node === this.#self.node)) return;
    try {
      const replica = this.#makeReplica(birth, restarted);
      this.#replicas.set(group, replica);
      replica.start();
    } catch (error) {
      const reason = stopReasonOf(error);
      this.#unstartable.set(group, reason);
      this.#options.log("a replica could not be started", { group, ...reason });
      this.#settled(group);
    }
  }

  #makeReplica(birth: Birth, restarted: boolean): Replica {
    const { clock, randomness, logStore, stateStore, ownedSinceMs, limits, log, entryApplied } =
      this.#options;
    const { group } = birth;
    return new Replica({
      self: this.#self,
      birth,
      restarted,
      clock,
      randomness,
      dispatcher: this.#dispatcher,
      made: (actor) => this.#doors.inspection.made(actor),
      logStore,
      stateStore: stateStore.group(group),
      ownedSinceMs,
      limits,
      deliver: (reply, bytes, atOnce) => this.#doors.deliver(reply, bytes, atOnce),
      changes: this.#doors.changes,
      send: (to, message, isUrgent) => this.#peerLink.send(to, group, message, isUrgent),
      broadcast: (message) => this.#peerLink.broadcast(group, message),
      report: (what, details) => {
        this.#drops.count(what);
        log(what, { group, ...details });
      },
      entryApplied: entryApplied && ((state) => entryApplied(group, state)),
      settled: () => {
        this.#noteMissingState(group);
        this.#settled(group);
      },
      mayLead: () => this.#doors.mayLead(),
      leaderChanged: () => {
        const leads = this.#replicas.get(group)?.leads === true;
        log(leads ? "leads the group" : "leads the group no more", { group });
        this.#leaderChanged();
      },
      drained: () => {
        this.#life.post({ type: "replicaDrained", group, nowMs: clock.monotonicMs() });
      },
      stopped: (reason) => {
        log("a replica stopped", { group, ...reason });
        this.#leaderChanged();
        this.#settled(group);
      },
      storageFailed: (failure) => this.#stopAll(failure),
    });
  }

  #lost({ group, clusterId }: Birth): void {
    this.#options.log("the group knows another store of this node", { group, clusterId });
    const nowMs = this.#options.clock.monotonicMs();
    this.#life.post({ type: "storeLost", group, nowMs });
  }

  #noteMissingState(group: string): void {
    if (this.#replicas.get(group)?.needsSnapshot !== true) return;
    const text =
      "it misses entries that no member has any more; it votes, but never leads or serves";
    this.#options.log("a replica needs a snapshot", { group, code: "NEEDS_SNAPSHOT", text });
  }

  #settled(group: string): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#life.post({ type: "replicaSettled", group, nowMs });
  }

  #leaderChanged(): void {
    this.#regionManaging.leaderChanged(this.#replicas.get(metaGroup)?.leads === true);
  }

  #leaders(): { readonly group: string; readonly node: string }[] {
    const known: { readonly group: string; readonly node: string }[] = [];
    for (const { group, leader } of this.#replicas.values()) {
      if (leader !== undefined) known.push({ group, node: leader });
    }
    return known;
  }

  #ownWord(group: string): string | null | undefined {
    const replica = this.#replicas.get(group);
    return replica?.lacksQuorum === true ? null : replica?.leader;
  }

  #readTable(read: (table: RegionTable) => void): void {
    const { topology } = this.#options;
    this.#replicas.get(metaGroup)?.whenReadable((state) => {
      const { version, regions } = state.directory;
      read({ version, regions, groups: groupsOf(topology) });
    });
  }

  #routesAtBirth(): Omit<RoutingTable, "version" | "physicalMs"> | undefined {
    const birth = this.#births.birthOf(metaGroup);
    if (birth === undefined) return undefined;
    const { clusterId, regions } = birth;
    return { clusterId, regions, groups: groupsOf(this.#options.topology) };
  }

  /** What sessions are born at: never behind what group `meta` has seen. */
  #stampMs(): number {
    const meta = this.#replicas.get(metaGroup);
    const physicalMs = meta?.physicalMs() ?? this.#options.clock.wallMs();
    return meta === undefined ? physicalMs : Math.max(physicalMs, meta.lastMs);
  }

  #noteProblem(code: string, text: string): void {
    if (this.#problems.get(code) === text) return;
    this.#problems.set(code, text);
    this.#options.log(text, { code });
  }

  #drainReplicas(): void {
    for (const replica of this.#replicas.values()) replica.drain();
    const nowMs = this.#options.clock.monotonicMs();
    for (const group of this.#ownGroups) {
      if (!this.#replicas.has(group)) this.#life.post({ type: "replicaDrained", group, nowMs });
    }
  }

  #bar(reason: StopReason): void {
    this.#barred = reason;
    this.#options.log("this node takes no part in the cluster", { ...reason });
    this.#births.stop();
    const failure = new SynodError(reason.code, reason.text);
    for (const replica of this.#replicas.values()) replica.fail(failure);
  }

  /** The disk failed, or something all replicas rest on: none of them may answer any more. */
  #stopAll(failure: Error): void {
    if (this.#barred !== undefined) return;
    this.#barred = stopReasonOf(failure);
    const { code } = this.#barred;
    this.#options.log("the node's replicas stop", { code, reason: failure.message });
    this.#births.stop();
    for (const replica of this.#replicas.values()) replica.fail(failure);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // A deadline that was taken back still has its timer, which would keep the process alive until it fires.
    this.#life.stop();
    this.#regionManaging.stop();
    this.#births.stop();
    for (const replica of this.#replicas.values()) replica.close();
    this.#doors.stop();
    this.#options.stopped();
  }
}

function groupsOf({ groups }: Topology): readonly GroupRoute[] {
  return groups.map(({ name, members }) => ({ group: name, nodes: members, leader: undefined }));
}

/** A store that was told of a start of its own that it does not know was copied back: it says so before anybody asks. */
function requireOwnStartsOnly(logStore: LogStore): void {
  const { member, incarnation } = logStore.identity;
  const met = logStore.peers().find((peer) => peer.member === member);
  if (met === undefined) return;
  throw new SynodError(
    "RESTORED_STORE",
    `this store, now at start ${incarnation}, was told of a start ${met.incarnation} that it does not know: it was copied back`,
  );
}
