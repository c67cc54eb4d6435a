/** What `synod dev` runs, from a program: a NATS server and nodes as child processes of this one. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DevCluster } from "../cli/dev/dev-cluster.ts";
import { keptPasswords } from "../cli/dev/dev-passwords.ts";
import { planDevCluster, type DevPlan } from "../cli/dev/dev-plan.ts";
import { whenReady } from "../cli/dev/readiness.ts";
import { findBroker } from "../infra/broker/find-broker.ts";
import { freePort } from "../infra/broker/free-port.ts";
import { systemClock } from "../infra/clock/system-clock.ts";
import { SynodError } from "../infra/errors/synod-error.ts";
import { lockDirectory } from "../infra/log-store/directory-lock.ts";
import { systemRandomness } from "../infra/randomness/system-randomness.ts";
import type { DefaultNodeCount } from "../infra/topology/default-topology.ts";
import { renderTopology } from "../infra/topology/render-topology.ts";
import type { Topology } from "../infra/topology/topology.ts";
import { NatsTransport } from "../infra/transport/nats-transport.ts";

export interface DevClusterOptions {
  /** 3 unless given; with `topologyFile` as many as that names. */
  readonly nodes?: DefaultNodeCount;
  readonly topologyFile?: string;
  /** Of the NATS server, on 127.0.0.1; a free one unless given. */
  readonly port?: number;
  /** Where browsers connect; nowhere unless given. */
  readonly websocketPort?: number;
  /** Where data and logs are kept; a temporary directory, removed at the end, unless given. */
  readonly dataDirectory?: string;
  /** How long to wait until every group can be written to: 30,000. */
  readonly readyTimeoutMs?: number;
  /** Told in a line whatever happens that a person should know: a node that ended and is started again, say. */
  readonly tell?: (text: string) => void;
}

export interface RunningDevCluster extends AsyncDisposable {
  /** For `connect`. */
  readonly servers: readonly string[];
  readonly topology: Topology;
  /** Process ids of what runs at the moment, by name: `nats-server`, `n1`, ... */
  processes(): Readonly<Record<string, number>>;
  /** Stops the nodes in good order, then the NATS server. */
  stop(): Promise<void>;
}

/**
 * Starts a cluster for development and tests, and resolves when it can be used. It ends with this process at the latest;
 * processes of it that die are started again.
 *
 * Fails with `BROKER_NOT_FOUND`, `PORT_IN_USE`, `BROKER_FAILED`, `STORE_LOCKED` or `TOPOLOGY_INVALID`, and with
 * `UNAVAILABLE` when it is not ready in time; then nothing stays running.
 *
 * @example
 * await using cluster = await startDevCluster();
 * await using synod = await connect({ servers: cluster.servers });
 */
export async function startDevCluster(options: DevClusterOptions = {}): Promise<RunningDevCluster> {
  const { topologyFile, websocketPort, dataDirectory, tell = () => undefined } = options;
  const plan = planDevCluster({
    port: options.port ?? (await freePort()),
    ...(topologyFile === undefined ? { nodes: options.nodes ?? 3 } : { file: topologyFile }),
    ...(websocketPort === undefined ? {} : { websocketPort }),
    ...(dataDirectory === undefined ? { ephemeral: true } : { data: dataDirectory }),
  });
  const lock = lockDirectory(plan.clusterDirectory);
  const leave = (): void => {
    lock.release();
    if (plan.ephemeral) rmSync(plan.root, { recursive: true, force: true });
  };
  let cluster: DevCluster | undefined;
  try {
    cluster = await startProcesses(plan, tell);
    await untilReady(plan, options.readyTimeoutMs ?? 30_000);
    return new DevClusterHandle(plan, cluster, leave);
  } catch (failure) {
    await cluster?.stop();
    leave();
    throw failure;
  }
}

class DevClusterHandle implements RunningDevCluster {
  readonly topology: Topology;
  readonly #cluster: DevCluster;
  readonly #leave: () => void;
  #stopped: Promise<void> | undefined;

  constructor({ topology }: DevPlan, cluster: DevCluster, leave: () => void) {
    this.topology = topology;
    this.#cluster = cluster;
    this.#leave = leave;
  }

  get servers(): readonly string[] {
    return this.topology.servers;
  }

  processes(): Readonly<Record<string, number>> {
    return this.#cluster.processes();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#cluster.stop().finally(this.#leave);
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

async function startProcesses(plan: DevPlan, tell: (text: string) => void): Promise<DevCluster> {
  const binary = await findBroker({ environment: process.env, clock: systemClock, progress: tell });
  const topologyFile = join(plan.clusterDirectory, "topology.yaml");
  writeFileSync(topologyFile, renderTopology(plan.topology));
  const cluster = new DevCluster({
    plan,
    binary,
    passwords: keptPasswords(plan.clusterDirectory, systemRandomness),
    topologyFile,
    tell,
    changed: () => undefined,
  });
  try {
    await cluster.start();
  } catch (failure) {
    await cluster.stop();
    throw failure;
  }
  return cluster;
}

async function untilReady({ topology }: DevPlan, timeoutMs: number): Promise<void> {
  const tooLong = new AbortController();
  const cancel = systemClock.after(timeoutMs, () => tooLong.abort());
  const transport = new NatsTransport({
    servers: topology.servers,
    name: "synod dev",
    onProblem: () => undefined,
  });
  try {
    const { signal } = tooLong;
    const picture = await whenReady({ topology, transport, signal, waiting: () => undefined });
    if (picture !== undefined) return;
    throw new SynodError("UNAVAILABLE", `the cluster was not ready within ${timeoutMs} ms`, {
      nextStep: "Look at what `tell` was told, or wait longer with readyTimeoutMs.",
    });
  } finally {
    cancel();
    await transport.close();
  }
}
