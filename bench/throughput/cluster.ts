/** A cluster for one measurement: a nats-server and three node processes, all gone afterwards. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { NodeStatus } from "../../infra/status/node-status.ts";
import { adminSubject } from "../../actors/subjects.ts";
import { packageRoot } from "../../cli/package-root.ts";
import { devPassword } from "../../infra/broker/dev-password.ts";
import { findBroker } from "../../infra/broker/find-broker.ts";
import { launchBroker, type RunningBroker } from "../../infra/broker/launch-broker.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { ChildSupervisor } from "../../infra/processes/child-supervisor.ts";
import { systemRandomness } from "../../infra/randomness/system-randomness.ts";
import { renderTopology } from "../../infra/topology/render-topology.ts";
import { topologyLimits, type Topology } from "../../infra/topology/topology.ts";
import { NatsTransport } from "../../infra/transport/nats-transport.ts";
import { benchTopology } from "./bench-topology.ts";
import type { BenchOptions } from "./options.ts";

export type BenchClusterOptions = Pick<BenchOptions, "port" | "directory" | "limit" | "profile"> &
  Partial<Pick<BenchOptions, "members" | "groups">> & {
    /** Path of the nats-server; otherwise the one that Synod itself would find. */
    readonly broker?: string;
    /** For Node itself, in front of every node's program. */
    readonly nodeArguments?: readonly string[];
  };

const host = "127.0.0.1";
const readyMsMax = 30_000;
const answerMsMax = 5_000;
/** A node that is just connecting hears nothing; it is asked again. */
const readyAnswerMsMax = 300;
const stopTimeoutMs = 10_000;

/** Arguments for Node that make a process leave a CPU profile. */
export function profiling(directory: string | undefined, name: string): string[] {
  if (directory === undefined) return [];
  return ["--cpu-prof", "--cpu-prof-dir", directory, "--cpu-prof-name", `${name}.cpuprofile`];
}

export class BenchCluster {
  readonly password: string;
  readonly address: string;
  readonly brokerVersion: string;
  /** The nodes' data lies below it. */
  readonly directory: string;
  readonly #topology: Topology;
  readonly #supervisor: ChildSupervisor;
  readonly #transport: NatsTransport;
  /** When each node's last process was started. */
  readonly #startedMs = new Map<string, number>();
  #asked = 0;

  private constructor(
    topology: Topology,
    supervisor: ChildSupervisor,
    broker: RunningBroker,
    directory: string,
    password: string,
  ) {
    this.#topology = topology;
    this.#supervisor = supervisor;
    this.directory = directory;
    this.password = password;
    this.address = broker.address;
    this.brokerVersion = broker.version;
    this.#transport = new NatsTransport({
      servers: [broker.address],
      user: "client",
      password,
      name: "bench status",
      onProblem: () => undefined,
    });
  }

  static async start(options: BenchClusterOptions): Promise<BenchCluster> {
    const { port } = options;
    mkdirSync(options.directory, { recursive: true });
    const directory = mkdtempSync(join(options.directory, "bench-"));
    const { members = 3, groups } = options;
    const topology = benchTopology({
      servers: [`nats://${host}:${port}`],
      members,
      ...(groups === undefined ? {} : { groups }),
    });
    writeFileSync(join(directory, "topology.yaml"), renderTopology(topology));
    const passwords = newPasswords();
    const supervisor = new ChildSupervisor(systemClock);
    try {
      const broker = await launchBroker({
        supervisor,
        clock: systemClock,
        randomness: systemRandomness,
        binary: await findBroker({ environment: brokerEnvironment(options), clock: systemClock }),
        configFile: join(packageRoot, "nats.conf"),
        host,
        port,
        environment: passwords,
      });
      const password = passwords["SYNOD_NATS_PASSWORD_CLIENT"] ?? "";
      const cluster = new BenchCluster(topology, supervisor, broker, directory, password);
      for (const { name } of topology.nodes) cluster.#startNode(name, options, passwords);
      await cluster.ready();
      return cluster;
    } catch (failure) {
      await supervisor.stopAll();
      rmSync(directory, { recursive: true, force: true });
      throw failure;
    }
  }

  get brokerPid(): number {
    return this.pidOf("nats-server");
  }

  get nodePids(): readonly number[] {
    return this.nodes.map((name) => this.pidOf(name));
  }

  get nodes(): readonly string[] {
    return this.#topology.nodes.map(({ name }) => name);
  }

  pidOf(name: string): number {
    const pid = this.#supervisor.pidOf(name);
    if (pid === undefined) throw new Error(`${name} does not run`);
    return pid;
  }

  /** When the node's process was started, by `performance.now()`. */
  startedMs(node: string): number {
    return this.#startedMs.get(node) ?? 0;
  }

  /** Asks the program to end in order. It is started again like one that crashed. */
  end(name: string): void {
    process.kill(this.pidOf(name), "SIGTERM");
  }

  /** Kills the program as a crash would. It is started again as `synod dev` would do it: later each time. */
  crash(name: string): void {
    process.kill(this.pidOf(name), "SIGKILL");
  }

  /** Resolves as soon as another process has taken the place of that one. */
  async replaced(name: string, pid: number): Promise<void> {
    for (;;) {
      const now = this.#supervisor.pidOf(name);
      if (now !== undefined && now !== pid) return;
      await pause(1);
    }
  }

  /** What every node says of itself. */
  async status(waitMsMax = answerMsMax): Promise<readonly NodeStatus[]> {
    const answers: NodeStatus[] = [];
    this.#asked += 1;
    const reply = `${this.#transport.inboxPrefix}.status${this.#asked}`;
    const subscription = this.#transport.subscribe(reply, ({ payload }) => {
      answers.push(JSON.parse(Buffer.from(payload).toString()) as NodeStatus);
    });
    this.#transport.publish(adminSubject(this.#topology.prefix, "node"), new Uint8Array(), {
      reply,
    });
    const untilMs = systemClock.monotonicMs() + waitMsMax;
    while (answers.length < this.#topology.nodes.length && systemClock.monotonicMs() < untilMs) {
      await pause(5);
    }
    subscription.close();
    return answers.sort((left, right) => (left.node < right.node ? -1 : 1));
  }

  async stop(): Promise<void> {
    await this.#transport.close();
    await this.#supervisor.stopAll();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #startNode(name: string, options: BenchClusterOptions, passwords: Record<string, string>): void {
    const program = fileURLToPath(new URL("../../cli/main.js", import.meta.url));
    const data = join(this.directory, name);
    const limits = options.limit.flatMap((limit) => ["--limit", limit]);
    const file = join(this.directory, "topology.yaml");
    this.#supervisor.start({
      name,
      stage: 1,
      command: process.execPath,
      args: [
        ...profiling(options.profile, name),
        ...(options.nodeArguments ?? []),
        program,
        "start",
        "--node",
        name,
        "--file",
        file,
        "--data",
        data,
        ...limits,
      ],
      environment: { ...process.env, ...passwords },
      stopTimeoutMs,
      onState: ({ kind }) => {
        if (kind === "running") this.#startedMs.set(name, performance.now());
      },
    });
  }

  /** Every group is led by the node the topology prefers, so that no leader moves while something is measured. */
  async ready(): Promise<void> {
    const untilMs = systemClock.monotonicMs() + readyMsMax;
    while (systemClock.monotonicMs() < untilMs) {
      await pause(50);
      if (!this.#transport.connected) continue;
      const leads = (await this.status(readyAnswerMsMax)).flatMap(({ node, replicas }) =>
        replicas.filter(({ role }) => role === "leader").map(({ group }) => `${group}/${node}`),
      );
      const isLed = this.#topology.groups.every(({ name, members }) =>
        leads.includes(`${name}/${members[0] ?? ""}`),
      );
      if (isLed) return;
    }
    throw new Error(`the cluster has no leaders after ${readyMsMax / 1000} s`);
  }
}

function brokerEnvironment({ broker }: BenchClusterOptions): NodeJS.ProcessEnv {
  return broker === undefined ? process.env : { ...process.env, SYNOD_NATS_SERVER: broker };
}

/** For as many nodes as nats.conf has users, whether they run or not: the server wants them all. */
function newPasswords(): Record<string, string> {
  const users = ["CLIENT"];
  for (let node = 1; node <= topologyLimits.membersMax; node++) users.push(`N${node}`);
  return Object.fromEntries(
    users.map((user) => [`SYNOD_NATS_PASSWORD_${user}`, devPassword(systemRandomness)]),
  );
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(delayMs, resolve));
}
