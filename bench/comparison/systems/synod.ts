/** Synod as `synod start` runs it: three node processes and one nats-server, every setting its default. */
import { synodVersion } from "../../../cli/package-root.ts";
import { freePort } from "../../../infra/broker/free-port.ts";
import type { NodeStatus } from "../../../infra/status/node-status.ts";
import { BenchCluster } from "../../throughput/cluster.ts";
import { startsOf, workBetween } from "../../throughput/replica-work.ts";
import type { PeerProgram } from "../peers.ts";
import { signalAll, type System, type SystemWork, type WorkDone } from "../system.ts";

export class SynodSystem implements System {
  readonly version: string;
  readonly durability = "fdatasync of the log on two of three nodes (default)";
  readonly #server: PeerProgram;
  readonly #parent: string;
  #starting: Promise<BenchCluster> | undefined;
  #cluster: BenchCluster | undefined;
  #stopping: Promise<void> | undefined;

  constructor(server: PeerProgram, parent: string) {
    this.version = `Synod ${synodVersion}, nats-server ${server.version}`;
    this.#server = server;
    this.#parent = parent;
  }

  get endpoints(): readonly string[] {
    const { address, password } = this.#running;
    return [address.replace("//", `//client:${password}@`)];
  }

  get processes(): readonly number[] {
    const cluster = this.#cluster;
    return cluster === undefined ? [] : [cluster.brokerPid, ...cluster.nodePids];
  }

  async start(): Promise<void> {
    this.#starting = BenchCluster.start({
      port: await freePort(),
      directory: this.#parent,
      limit: [],
      broker: this.#server.path,
    });
    this.#cluster = await this.#starting;
  }

  load(write: () => Promise<void>): Promise<void> {
    return write();
  }

  /** The nats-server last: no node shall meet one that does not answer. */
  pause(): void {
    signalAll(this.processes.toReversed(), "SIGSTOP");
  }

  /** Its leases have run out meanwhile; it is ready when every group is led as the topology wishes. */
  async resume(): Promise<void> {
    signalAll(this.processes, "SIGCONT");
    await this.#running.ready();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async work(): Promise<SystemWork> {
    return new ReplicaWork(await this.#running.status());
  }

  get #running(): BenchCluster {
    if (this.#cluster === undefined) throw new Error("Synod has not been started");
    return this.#cluster;
  }

  async #stop(): Promise<void> {
    // One that could not be started has ended what it had started.
    await this.#starting?.catch(() => undefined);
    if (this.#cluster === undefined) return;
    signalAll(this.processes, "SIGCONT");
    await this.#cluster.stop();
  }
}

class ReplicaWork implements SystemWork {
  readonly status: readonly NodeStatus[];

  constructor(status: readonly NodeStatus[]) {
    this.status = status;
  }

  between(later: SystemWork): WorkDone {
    const { status } = later as ReplicaWork;
    return {
      ...workBetween(this.status, status),
      disturbed: startsOf(this.status) !== startsOf(status),
    };
  }
}
