/** One node of a topology in this process. */
import { startNodeProcess } from "../actors/node/node-process.ts";
import type { ReplicaLimits } from "../actors/replica/limits.ts";
import { synodVersion } from "../cli/package-root.ts";
import { processVitals } from "../cli/vitals.ts";
import { SynodError } from "../infra/errors/synod-error.ts";
import type { DirectoryLock } from "../infra/log-store/directory-lock.ts";
import { loadTopology } from "../infra/topology/load-topology.ts";
import { serversFor } from "../infra/topology/servers-for.ts";
import type { Topology } from "../infra/topology/topology.ts";

export interface NodeOptions {
  /** Which node of the topology. */
  readonly node: string;
  /** A topology file's path, or a topology. Every node of a cluster is started with the same. */
  readonly topology: string | Topology;
  /** Where the node keeps its data; `.synod/<cluster>/<node>` unless given. Used by one process at a time. */
  readonly dataDirectory?: string;
  /** NATS servers, tried in this order; the topology's unless given, another one first for each node. */
  readonly servers?: readonly string[];
  /** The node's name unless given, where there is a password: nats.conf lets it speak under no other. */
  readonly user?: string;
  readonly password?: string;
  /** A `.creds` file, read at every attempt to connect. */
  readonly credentialsFile?: string;
  readonly limits?: Partial<ReplicaLimits>;
  /** Told what `synod start` writes to its log. Unless given, nobody is told. */
  readonly log?: (what: string, details: Readonly<Record<string, unknown>>) => void;
}

export interface RunningNode extends AsyncDisposable {
  /** Resolves when the node has ended and its stores are closed. */
  readonly ended: Promise<void>;
  /** Hands leadership over, writes checkpoints, and resolves as `ended` does, within some two seconds. */
  stop(): Promise<void>;
}

/**
 * Opens the node's stores and connects to NATS, for as long as it takes. Resolves when the stores are open; the node
 * serves as soon as a NATS server and a majority of its groups' members are there. Nothing is taken from the environment,
 * and no signal is listened to.
 *
 * Fails with `TOPOLOGY_INVALID`, `BAD_REQUEST`, `STORE_LOCKED`, `TOPOLOGY_DIFFERS` or `INCOMPATIBLE_VERSION`. A node whose
 * store is lost or damaged does start, takes no part, and says why in the log and in its status.
 *
 * @example
 * await using node = await startNode({ node: "n1", topology: "topology.yaml", password: "secretN1" });
 * await node.ended;
 */
export function startNode(options: NodeOptions): Promise<RunningNode> {
  return startNodeUnder(undefined, options);
}

/** The same of whoever has locked the data directory already, which the node then releases. */
export async function startNodeUnder(
  lock: DirectoryLock | undefined,
  options: NodeOptions,
): Promise<RunningNode> {
  const { node, password, credentialsFile, limits = {}, log = () => undefined } = options;
  const topology =
    typeof options.topology === "string" ? loadTopology(options.topology) : options.topology;
  if (!topology.nodes.some(({ name }) => name === node)) {
    const names = topology.nodes.map(({ name }) => name).join(", ");
    throw new SynodError("BAD_REQUEST", `the topology names no node ${node}; it names ${names}`);
  }
  const running = await startNodeProcess({
    topology,
    node,
    dataDirectory: options.dataDirectory ?? `.synod/${topology.cluster}/${node}`,
    access: {
      servers: options.servers ?? serversFor(topology, node),
      inOrder: true,
      ...(password === undefined ? {} : { user: options.user ?? node, password }),
      ...(credentialsFile === undefined ? {} : { credentialsFile }),
    },
    ...(lock === undefined ? {} : { lock }),
    limits,
    version: synodVersion,
    vitals: processVitals(),
    log,
  });
  const stop = (): Promise<void> => {
    running.drain();
    return running.ended;
  };
  return { ended: running.ended, stop, [Symbol.asyncDispose]: stop };
}
