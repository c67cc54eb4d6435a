/**
 * Runs one node of a topology in this process. What takes long to load is loaded while the data directory is locked
 * already: a restarted member votes a lease length after that.
 */
import { defaultLimits, type ReplicaLimits } from "../actors/replica/limits.ts";
import { SynodError } from "../infra/errors/synod-error.ts";
import { lockDirectory } from "../infra/log-store/directory-lock.ts";
import { optimiseEarly } from "../infra/processes/early-optimisation.ts";
import { giveHeapRoom } from "../infra/processes/heap-room.ts";
import { loadTopology } from "../infra/topology/load-topology.ts";
import { serversFor } from "../infra/topology/servers-for.ts";
import type { NatsAccess } from "../infra/transport/nats-access.ts";
import { serverList } from "./arguments.ts";
import { synodVersion } from "./package-root.ts";
import { exitCodeOf, onStopSignals } from "./stop-signals.ts";

export interface StartOptions {
  readonly node: string;
  readonly file: string;
  readonly data?: string;
  readonly servers?: readonly string[];
  readonly user?: string;
  readonly password?: string;
  readonly creds?: string;
  /** `name=value`, for one of the replica's limits. */
  readonly limit?: readonly string[];
}

/** Resolves when the node has ended; the first SIGTERM or SIGINT drains it, the second ends it at once. */
export async function startNode(options: StartOptions): Promise<void> {
  giveHeapRoom();
  optimiseEarly();
  const topology = loadTopology(options.file);
  const { node } = options;
  if (!topology.nodes.some(({ name }) => name === node)) {
    const names = topology.nodes.map(({ name }) => name).join(", ");
    throw new SynodError(
      "BAD_REQUEST",
      `${options.file} names no node ${node}; it names ${names}`,
      { nextStep: "Pass one of these with --node, or add the node to the file." },
    );
  }
  const limits = limitsFrom(options.limit ?? []);
  const access = accessOf(options, serversFor(topology, node), process.env);
  const dataDirectory = options.data ?? `.synod/${topology.cluster}/${node}`;
  const lock = lockDirectory(dataDirectory);
  const { logToOutput, startNodeUnder } = await import("./node-program.ts");
  const log = logToOutput({ cluster: topology.cluster, node });
  const running = await startNodeUnder(lock, {
    topology,
    node,
    dataDirectory,
    ...access,
    limits,
    log,
  });
  log("started", { version: synodVersion, pid: process.pid, data: dataDirectory });
  onStopSignals(
    (signal) => {
      log("asked to stop", { signal });
      // `ended` tells when it has.
      void running.stop();
    },
    // Everything that was answered for is on disk, as in a crash.
    (signal) => process.exit(exitCodeOf[signal]),
  );
  await running.ended;
  log("stopped");
  // Timers of libraries, which nobody waits for any more, would hold the process for seconds.
  process.exit(0);
}

function limitsFrom(settings: readonly string[]): Partial<ReplicaLimits> {
  const known = defaultLimits(0);
  const limits: Partial<Record<keyof ReplicaLimits, number>> = {};
  for (const setting of settings) {
    const [name = "", value = ""] = setting.split("=", 2);
    const number = Number(value);
    const isKnown = Object.hasOwn(known, name);
    if (!isKnown || !Number.isSafeInteger(number) || number <= 0) {
      const names = Object.keys(known).join(", ");
      const why = isKnown ? "gives no whole number from 1 up" : "names no limit";
      throw new SynodError("BAD_REQUEST", `--limit ${setting} ${why}`, {
        nextStep: `Write name=number for one of ${names}.`,
      });
    }
    limits[name as keyof ReplicaLimits] = number;
  }
  return limits;
}

/**
 * Flags, then `SYNOD_*`, then what other NATS programs read, then the topology. Each node is a NATS user of its own
 * name: the server lets it speak under no other.
 */
export function accessOf(
  { node, servers, user, password, creds }: StartOptions,
  declared: readonly string[],
  environment: NodeJS.ProcessEnv,
): NatsAccess {
  const named = environment["SYNOD_SERVERS"] ?? environment["NATS_URL"];
  const access = { servers: servers ?? (named === undefined ? declared : serverList(named)) };
  if (creds !== undefined) return { ...access, credentialsFile: creds };
  const own = password ?? environment[`SYNOD_NATS_PASSWORD_${node.toUpperCase()}`];
  if (own !== undefined) return { ...access, user: user ?? node, password: own };
  const credentialsFile = environment["SYNOD_CREDS"] ?? environment["NATS_CREDS"];
  return credentialsFile === undefined ? access : { ...access, credentialsFile };
}
