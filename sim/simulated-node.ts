/** One node of a simulated cluster: a machine with its disks, and the production node that runs on it, if one does. */
import { listenAsBarredNode } from "../actors/node/barred-node.ts";
import { NodeHost } from "../actors/node/node-host.ts";
import { stopReasonOf } from "../actors/stop-reason.ts";
import { defaultLimits, type ReplicaLimits } from "../actors/replica/limits.ts";
import type { Clock } from "../infra/clock/clock.ts";
import type { SimulatedMachine } from "../infra/clock/simulated-machine.ts";
import type { SimulatedProcess } from "../infra/clock/simulated-process.ts";
import { SynodError } from "../infra/errors/synod-error.ts";
import {
  SimulatedLogDisk,
  SimulatedLogStore,
  type LogDiskCopy,
} from "../infra/log-store/simulated-log-store.ts";
import type { LogStore } from "../infra/log-store/log-store.ts";
import type { SeededRandomness } from "../infra/randomness/seeded-randomness.ts";
import { SimulatedDisk, type DiskCopy } from "../infra/state-store/simulated-disk.ts";
import { openSimulatedStateStore } from "../infra/state-store/simulated-state-store.ts";
import type { GroupStateStore, StateStore } from "../infra/state-store/state-store.ts";
import type { Topology } from "../infra/topology/topology.ts";
import type { SimulatedNetwork } from "../infra/transport/simulated-network.ts";
import type { Transport, TransportProblem } from "../infra/transport/transport.ts";
import type { ReplicaState } from "../kv/replica-state.ts";
import type { Trap } from "./faults/trap.ts";
import { Violation } from "./violation.ts";

export interface SimulatedNodeOptions {
  readonly topology: Topology;
  readonly name: string;
  readonly machine: SimulatedMachine;
  readonly network: SimulatedNetwork;
  readonly randomness: SeededRandomness;
  readonly limits: Partial<ReplicaLimits>;
  readonly flushMs: (randomness: SeededRandomness) => number;
  /** Sees what the node says to its peers before it leaves. */
  readonly wrapPeers: (peers: Transport) => Transport;
  /** As for `wrapPeers`, with what the node says to clients. */
  readonly wrapClients?: (clients: Transport) => Transport;
  readonly log: (node: string, what: string, details: Readonly<Record<string, unknown>>) => void;
  /** Sees what its replicas do to their states. */
  readonly states?: StateWatch;
}

/** What a node's replicas do to applied state and to its checkpoints, as it happens. */
export interface StateWatch {
  entryApplied(group: string, state: ReplicaState): void;
  /** 0 = without a checkpoint. */
  opened(group: string, checkpointThrough: number): void;
  switching(group: string, through: number): void;
  checkpointed(group: string, through: number): void;
}

/** Found when the log is read: such a node stays up and takes no part. */
const barring = new Set(["CORRUPT_STORE", "RESTORED_STORE"]);

/** A node's whole disk at one moment. */
export interface DisksCopy {
  readonly log: LogDiskCopy;
  readonly state: DiskCopy;
}

export class SimulatedNode {
  readonly name: string;
  /** What its file says when it is started next. */
  topology: Topology;
  readonly logDisk: SimulatedLogDisk;
  readonly stateDisk = new SimulatedDisk();
  readonly #options: SimulatedNodeOptions;
  #starts = 0;
  #process: SimulatedProcess | undefined;
  #logStore: SimulatedLogStore | undefined;
  #host: NodeHost | undefined;
  /** Why the store could not be opened; such a node is up, but takes no part. */
  #barred: string | undefined;
  #draining = false;
  /** Its log was wiped: whatever store comes up here is not the member that promised and accepted. */
  #lostLog = false;
  /** An older copy of its disk was put in its place: what it promised and accepted since is forgotten. */
  #restored = false;
  /** Ends the node when it says something; in wait for that until it is mended. */
  trap: Trap | undefined;
  /** Writes of log and state take that many times as long. */
  flushSlowdown = 1;
  #writesSlowly = false;

  constructor(options: SimulatedNodeOptions) {
    this.name = options.name;
    this.topology = options.topology;
    this.#options = options;
    const flushes = options.randomness.split("flushes");
    this.logDisk = new SimulatedLogDisk({
      flushMs: () => {
        this.#writesSlowly = this.flushSlowdown > 1;
        return options.flushMs(flushes) * this.flushSlowdown;
      },
      failNextFlush: false,
    });
    this.stateDisk.latencyMs = () => this.flushSlowdown;
  }

  get machine(): SimulatedMachine {
    return this.#options.machine;
  }

  get host(): NodeHost | undefined {
    return this.#host;
  }

  get running(): boolean {
    return this.#process?.alive === true;
  }

  get barred(): string | undefined {
    return this.#barred;
  }

  get process(): SimulatedProcess | undefined {
    return this.#process;
  }

  get draining(): boolean {
    return this.#draining;
  }

  get lostLog(): boolean {
    return this.#lostLog;
  }

  get restored(): boolean {
    return this.#restored;
  }

  /** The newest write of its log takes as long as a fault made it, which may be mended meanwhile. */
  get writesSlowly(): boolean {
    return this.#writesSlowly;
  }

  /** Why it takes no part: its store could not be opened, or the others have said so. */
  get barredFor(): string | undefined {
    return this.#barred ?? this.#host?.status().barred?.code;
  }

  /** Counts the starts of its store: 0 before the first. */
  get incarnation(): number {
    return this.logDisk.identity?.incarnation ?? 0;
  }

  /** A replica has stopped for a reason that a restart may end. */
  get hasStoppedReplicas(): boolean {
    const status = this.#host?.status();
    if (status === undefined) return false;
    const { barred, replicas, unstartable } = status;
    return (
      barred !== undefined ||
      replicas.some(({ stopped }) => stopped !== undefined) ||
      Object.keys(unstartable).length > 0
    );
  }

  /** It is up, and its replica of the group is neither stopped nor barred. */
  votes(group: string): boolean {
    if (this.#process?.state !== "running" || this.barredFor !== undefined) return false;
    const replica = this.#host?.replica(group);
    return replica !== undefined && replica.stopReason === undefined;
  }

  start(): void {
    const { name, machine, network, randomness } = this.#options;
    const { topology } = this;
    const { wrapPeers, wrapClients } = this.#options;
    this.#starts += 1;
    this.#options.log(name, "process started", { start: this.#starts });
    this.#barred = undefined;
    const process = machine.start();
    this.#process = process;
    const { clock } = process;
    const own = randomness.split(`start ${this.#starts}`);
    const onProblem = (problem: TransportProblem): void => {
      if (problem.kind === "handler failed" || problem.kind === "listener failed") {
        if (problem.cause instanceof Violation) throw problem.cause;
        throw new Violation("no exception leaves a handler", String(problem.cause));
      }
    };
    const peers = wrapPeers(network.connect(process, { noEcho: true, onProblem }));
    const connected = network.connect(process, { noEcho: true, onProblem });
    const clients = wrapClients?.(connected) ?? connected;
    try {
      const wanted = { cluster: topology.cluster, node: name };
      this.#logStore = new SimulatedLogStore(this.logDisk, wanted, clock, own.split("store"));
    } catch (error) {
      if (!(error instanceof SynodError)) throw error;
      this.#bar(error, clients);
      return;
    }
    try {
      this.#run(process, own, peers, clients, this.#logStore);
    } catch (error) {
      if (!(error instanceof SynodError) || !barring.has(error.code)) throw error;
      this.#bar(error, clients);
    }
  }

  #run(
    process: SimulatedProcess,
    randomness: SeededRandomness,
    peers: Transport,
    clients: Transport,
    logStore: LogStore,
  ): void {
    const { name, network, limits, log, states } = this.#options;
    const { topology } = this;
    const { clock } = process;
    this.#host = new NodeHost({
      topology,
      node: name,
      clock,
      randomness,
      peers,
      clients,
      logStore,
      stateStore: this.#openStateStore(clock),
      ownedSinceMs: clock.monotonicMs(),
      limits: { ...defaultLimits(network.payloadBytesMax), ...limits },
      version: "simulated",
      vitals: () => ({}),
      log: (what, details) => log(name, what, details),
      stopped: () => this.kill(),
      ...(states === undefined
        ? {}
        : { entryApplied: (group, state) => states.entryApplied(group, state) }),
    });
    this.#host.start();
  }

  #openStateStore(clock: Clock): StateStore {
    const { states } = this.#options;
    const store = openSimulatedStateStore(this.stateDisk, clock);
    if (states === undefined) return store;
    return {
      group: (group) => watched(store.group(group), group, states),
      close: () => store.close(),
    };
  }

  #bar(error: SynodError, clients: Transport): void {
    const { name } = this.#options;
    const { topology } = this;
    const reason = stopReasonOf(error);
    this.#barred = reason.code;
    this.#options.log(name, "this node takes no part in the cluster", { ...reason });
    listenAsBarredNode({
      clients,
      prefix: topology.prefix,
      node: name,
      nodes: topology.nodes.map((node) => node.name),
      version: "simulated",
      reason,
      vitals: () => ({}),
    });
  }

  /** kill -9: what the operating system has stays. */
  kill(): void {
    this.#end("process killed");
    this.stateDisk.crash();
  }

  /** The machine loses power: only what was flushed is certain to stay. */
  losePower(randomness: SeededRandomness): void {
    this.#end("power lost");
    this.logDisk.powerLoss(randomness);
    this.stateDisk.powerLoss(randomness);
  }

  copyDisks(): DisksCopy {
    return { log: this.logDisk.copy(), state: this.stateDisk.copy() };
  }

  /** An administrator puts a backup back: the node starts as it was then. */
  restoreDisks({ log, state }: DisksCopy): void {
    this.kill();
    this.#restored = true;
    this.logDisk.restore(log);
    this.stateDisk.restore(state);
  }

  /** Leaves in good order: hands its leaderships over, writes checkpoints, and ends. */
  drain(): void {
    if (this.#host === undefined || this.#process?.state !== "running") return;
    this.#draining = true;
    this.#host.drain();
  }

  /** The log's directory is empty when the node starts again, with or without the identity file beside it. */
  loseLog(keepIdentityFile: boolean): void {
    const heldBirth = [...this.logDisk.groups.values()].some(({ birth }) => birth !== undefined);
    // A store that was in no birth has promised nobody anything: emptied, it is simply new.
    if (heldBirth || keepIdentityFile) this.#lostLog = true;
    this.logDisk.wipe(keepIdentityFile);
  }

  /** Ends what faults left behind; what a disk has lost stays lost. */
  mend(): void {
    this.flushSlowdown = 1;
    this.logDisk.faults.failNextFlush = false;
    this.logDisk.faults.failure = undefined;
    this.logDisk.faults.full = false;
    this.trap = undefined;
    this.logDisk.onFlush = undefined;
    this.stateDisk.fault = "none";
    this.stateDisk.onChange = undefined;
    this.machine.resume();
    this.machine.setClockRate(1);
    if (this.running && (this.#draining || this.hasStoppedReplicas)) this.kill();
    if (!this.running) this.start();
    else this.#process?.resume();
  }

  #end(how: string): void {
    if (this.running) this.#options.log(this.name, how, {});
    this.#draining = false;
    this.#writesSlowly = false;
    this.#process?.kill();
    this.#logStore?.crash();
    this.#process = undefined;
    this.#logStore = undefined;
    this.#host = undefined;
  }
}

/** The same store, whose switches are seen: everything else of it costs what it did. */
function watched(store: GroupStateStore, group: string, states: StateWatch): GroupStateStore {
  states.opened(group, store.checkpoint?.appliedThrough ?? 0);
  const switchTo = store.switchTo.bind(store);
  return Object.assign(store, {
    switchTo: (through: number, switched: (failure: Error | undefined) => void): void => {
      states.switching(group, through);
      switchTo(through, (failure) => {
        if (failure === undefined) states.checkpointed(group, through);
        switched(failure);
      });
    },
  });
}
