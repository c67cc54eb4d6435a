/** Puts a real node together: its stores on disk, its connections to NATS, its clocks, and the host that uses them. */
import { systemClock } from "../../infra/clock/system-clock.ts";
import type { ErrorCode } from "../../infra/errors/error-table.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { lockDirectory, type DirectoryLock } from "../../infra/log-store/directory-lock.ts";
import type { LogStore } from "../../infra/log-store/log-store.ts";
import { openLmdbLogStore } from "../../infra/log-store/lmdb-log-store.ts";
import { systemRandomness } from "../../infra/randomness/system-randomness.ts";
import { openStateStore } from "../../infra/state-store/lmdb-state-store.ts";
import type { StateStore } from "../../infra/state-store/state-store.ts";
import type { Topology } from "../../infra/topology/topology.ts";
import type { NatsAccess } from "../../infra/transport/nats-access.ts";
import { NatsTransport } from "../../infra/transport/nats-transport.ts";
import type { Transport } from "../../infra/transport/transport.ts";
import { Deferred } from "../deferred.ts";
import { defaultLimits, type ReplicaLimits } from "../replica/limits.ts";
import { stopReasonOf } from "../stop-reason.ts";
import { listenAsBarredNode } from "./barred-node.ts";
import { ConnectionLog } from "./connection-log.ts";
import { NodeHost } from "./node-host.ts";

export interface NodeProcessOptions {
  readonly topology: Topology;
  readonly node: string;
  /** Holds the node's log, its state, its identity and its lock. Made if absent. */
  readonly dataDirectory: string;
  /** The data directory's, taken already; the node releases it. */
  readonly lock?: DirectoryLock;
  readonly access: NatsAccess;
  readonly version: string;
  readonly limits?: Partial<ReplicaLimits>;
  readonly vitals: () => Readonly<Record<string, number>>;
  readonly log: (what: string, details: Readonly<Record<string, unknown>>) => void;
  /** Wraps the connection on which nodes talk to each other: experiments cut links there. */
  readonly wrapPeers?: (peers: Transport) => Transport;
}

export interface NodeProcess {
  /** Stops intake, hands leadership over, writes checkpoints; a second call does not wait for that. */
  drain(): void;
  /** Everything is on disk and closed. */
  readonly ended: Promise<void>;
}

/**
 * A node that starts has a log to apply, and others wait for it: a merge that was cut off, and begins again, would take as
 * much of the processors as that. Should there be so many runs that a checkpoint waits for a merge, it waits no longer.
 */
const quietMs = 5_000;

/** A store like this must never vote again, but its node stays up and says so. */
const barringCodes: ReadonlySet<ErrorCode> = new Set([
  "LOST_STORE",
  "RESTORED_STORE",
  "CORRUPT_STORE",
  "STORAGE_FAILED",
]);

/**
 * Opens the stores, connects, and starts the node as soon as a NATS server answers. Throws what makes it pointless to
 * stay up: `STORE_LOCKED`, `TOPOLOGY_DIFFERS`, `INCOMPATIBLE_VERSION`.
 */
export async function startNodeProcess(options: NodeProcessOptions): Promise<NodeProcess> {
  const { topology, node, dataDirectory, lock = lockDirectory(dataDirectory) } = options;
  let logStore: LogStore;
  try {
    logStore = await openLmdbLogStore({
      directory: dataDirectory,
      cluster: topology.cluster,
      node,
      randomness: systemRandomness,
      lock,
    });
  } catch (error) {
    return stayBarred(options, error);
  }
  let stateStore: StateStore;
  try {
    stateStore = openStateStore({
      directory: `${dataDirectory}/state`,
      owner: `${topology.cluster}/${node}/${logStore.identity.member}`,
      clock: systemClock,
      quietMs,
    });
  } catch (error) {
    await logStore.close();
    return stayBarred(options, error);
  }
  return new RunningNode(options, logStore, stateStore, lock.heldSinceMs);
}

function connect(options: NodeProcessOptions, purpose: "peers" | "clients"): NatsTransport {
  const { access, node, log } = options;
  const connectionLog = new ConnectionLog({ log, node, purpose });
  const transport = new NatsTransport({
    ...access,
    name: `synod ${node} ${purpose}`,
    noEcho: true,
    onProblem: (problem) => connectionLog.noteProblem(problem),
  });
  transport.onConnectionChange((connected) => {
    if (connected) connectionLog.connected();
  });
  return transport;
}

/** Throws the error on when staying up would help nobody. */
function stayBarred(options: NodeProcessOptions, error: unknown): NodeProcess {
  if (!(error instanceof SynodError && barringCodes.has(error.code))) throw error;
  const clients = connect(options, "clients");
  sayWhyBarred(options, clients, error);
  const closed = new Deferred<void>();
  return {
    ended: closed.promise,
    drain: () => void clients.close().then(closed.resolve, closed.reject),
  };
}

function sayWhyBarred(options: NodeProcessOptions, clients: Transport, error: unknown): void {
  const { topology, node, version, vitals, log } = options;
  const reason = stopReasonOf(error);
  const next = error instanceof SynodError ? { next: error.nextStep } : {};
  log("this node takes no part in the cluster", { ...reason, ...next });
  const nodes = topology.nodes.map(({ name }) => name);
  listenAsBarredNode({ clients, prefix: topology.prefix, node, nodes, version, reason, vitals });
}

class RunningNode implements NodeProcess {
  readonly ended: Promise<void>;
  readonly #options: NodeProcessOptions;
  readonly #logStore: LogStore;
  readonly #stateStore: StateStore;
  readonly #ownedSinceMs: number;
  readonly #peers: Transport;
  readonly #clients: Transport;
  readonly #closed = new Deferred<void>();
  /** Undefined until a NATS server has said how large messages may be. */
  #host: NodeHost | undefined;
  #barred = false;
  #draining = false;

  constructor(
    options: NodeProcessOptions,
    logStore: LogStore,
    stateStore: StateStore,
    ownedSinceMs: number,
  ) {
    this.#options = options;
    this.#logStore = logStore;
    this.#stateStore = stateStore;
    this.#ownedSinceMs = ownedSinceMs;
    this.ended = this.#closed.promise;
    const peers = connect(options, "peers");
    this.#peers = options.wrapPeers?.(peers) ?? peers;
    this.#clients = connect(options, "clients");
    this.#clients.onConnectionChange((connected) => {
      const starts = this.#host === undefined && !this.#barred && !this.#draining;
      if (connected && starts) this.#start();
    });
  }

  drain(): void {
    this.#draining = true;
    if (this.#host === undefined) this.#close();
    else this.#host.drain();
  }

  #start(): void {
    let host: NodeHost;
    try {
      host = this.#makeHost();
    } catch (error) {
      // Making it reads the log, which the disk may have damaged.
      this.#barred = true;
      sayWhyBarred(this.#options, this.#clients, error);
      return;
    }
    this.#host = host;
    host.start();
  }

  #makeHost(): NodeHost {
    const { topology, node, version, vitals, log, limits } = this.#options;
    return new NodeHost({
      topology,
      node,
      clock: systemClock,
      randomness: systemRandomness,
      peers: this.#peers,
      clients: this.#clients,
      logStore: this.#logStore,
      stateStore: this.#stateStore,
      ownedSinceMs: this.#ownedSinceMs,
      limits: { ...defaultLimits(this.#clients.payloadBytesMax), ...limits },
      version,
      vitals,
      log,
      stopped: () => this.#close(),
    });
  }

  #close(): void {
    const closing = async (): Promise<void> => {
      await Promise.all([this.#peers.close(), this.#clients.close()]);
      await Promise.all([this.#logStore.close(), this.#stateStore.close()]);
    };
    closing().then(this.#closed.resolve, this.#closed.reject);
  }
}
