/** One run of a cluster on this machine, from the first process to the last. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BrokerBinary } from "../../infra/broker/broker-binary.ts";
import { findBroker } from "../../infra/broker/find-broker.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { lockDirectory, type DirectoryLock } from "../../infra/log-store/directory-lock.ts";
import { systemRandomness } from "../../infra/randomness/system-randomness.ts";
import { renderTopology } from "../../infra/topology/render-topology.ts";
import { NatsTransport } from "../../infra/transport/nats-transport.ts";
import { DevCluster } from "./dev-cluster.ts";
import { NoteKeeper } from "./dev-note.ts";
import { keptPasswords } from "./dev-passwords.ts";
import { planDevCluster, type DevOptions, type DevPlan } from "./dev-plan.ts";
import { invocation } from "./invocation.ts";
import { whenReady } from "./readiness.ts";
import { welcomeLines } from "./welcome.ts";
import type { Screen } from "../output/screen.ts";
import { endOnStopSignals, exitCodeOf, onStopSignals } from "../stop-signals.ts";

/** Resolves when everything has stopped. */
export async function runDevCluster(options: DevOptions, screen: Screen): Promise<void> {
  const startedMs = performance.now();
  const plan = planDevCluster(options);
  const lock = claimDirectory(plan);
  const leave = (): void => {
    lock.release();
    if (plan.ephemeral) rmSync(plan.root, { recursive: true, force: true });
  };
  const beginStopping = endOnStopSignals(leave);
  try {
    const binary = await findBroker({
      environment: process.env,
      clock: systemClock,
      progress: (step) => screen.note(`${step} ...`),
    });
    const run = new DevRun(plan, binary, screen, startedMs);
    beginStopping();
    await run.run();
  } finally {
    leave();
  }
}

function claimDirectory({ clusterDirectory }: DevPlan): DirectoryLock {
  try {
    return lockDirectory(clusterDirectory);
  } catch (failure) {
    if (!(failure instanceof SynodError) || failure.code !== "STORE_LOCKED") throw failure;
    throw new SynodError("STORE_LOCKED", failure.message, {
      cause: failure,
      nextStep:
        "Use the cluster that runs there, stop it, or start another one: synod dev --ephemeral --port 4333",
    });
  }
}

class DevRun {
  readonly #plan: DevPlan;
  readonly #binary: BrokerBinary;
  readonly #screen: Screen;
  readonly #startedMs: number;
  readonly #cluster: DevCluster;
  readonly #note = new NoteKeeper(process.cwd());
  readonly #stopping = new AbortController();
  /** Whether other commands that are started here find this cluster by its note. */
  #isNoted = true;

  constructor(plan: DevPlan, binary: BrokerBinary, screen: Screen, startedMs: number) {
    this.#plan = plan;
    this.#binary = binary;
    this.#screen = screen;
    this.#startedMs = startedMs;
    // The nodes start with the topology as it was read: an edit does not reach those that are started again.
    const topologyFile = join(plan.clusterDirectory, "topology.yaml");
    writeFileSync(topologyFile, renderTopology(plan.topology));
    this.#cluster = new DevCluster({
      plan,
      binary,
      passwords: keptPasswords(plan.clusterDirectory, systemRandomness),
      topologyFile,
      tell: (text) => this.#tell(text),
      changed: () => this.#writeNote(),
    });
  }

  async run(): Promise<void> {
    const stopped = new Promise<void>((resolve) => {
      this.#stopping.signal.addEventListener("abort", () => resolve());
    });
    onStopSignals(
      () => this.#stopping.abort(),
      (signal) => {
        void this.#cluster.kill().then(() => {
          this.#note.remove();
          process.exit(exitCodeOf[signal]);
        });
      },
    );
    try {
      await this.#cluster.start();
      await this.#welcome();
      await stopped;
      this.#screen.note(
        "stopping: nodes hand over and write checkpoints; Ctrl-C again ends them at once",
      );
    } finally {
      await this.#cluster.stop();
      this.#note.remove();
    }
    const { ephemeral, clusterDirectory } = this.#plan;
    this.#screen.note(ephemeral ? "stopped" : `stopped; the data stays in ${clusterDirectory}`);
  }

  async #welcome(): Promise<void> {
    const { topology, clusterDirectory, websocketPort } = this.#plan;
    const [server = ""] = topology.servers;
    const { length } = topology.nodes;
    this.#screen.note(
      `nats-server ${this.#binary.version} (${this.#binary.source}) listens; starting ${length === 1 ? "one node" : `${length} nodes`} ...`,
    );
    const transport = new NatsTransport({
      servers: topology.servers,
      name: "synod dev",
      // It is connected anew by itself, and what that means for the cluster is said by the broker's supervisor.
      onProblem: () => undefined,
    });
    try {
      const picture = await whenReady({
        topology,
        transport,
        signal: this.#stopping.signal,
        waiting: (what) => this.#tell(`still waiting: ${what} (synod status tells more)`),
      });
      if (picture === undefined) return;
      const lines = welcomeLines({
        cluster: topology.cluster,
        picture,
        labels: new Map(topology.nodes.map(({ name, labels }) => [name, labels])),
        processes: this.#cluster.processes(),
        server,
        brokerVersion: this.#binary.version,
        websocketPort,
        directory: clusterDirectory,
        startedInMs: performance.now() - this.#startedMs,
        command: invocation(process.argv[1] ?? "synod", process.cwd()),
        connectionFlag: this.#isNoted ? "" : ` --servers ${server}`,
        style: this.#screen.style,
      });
      this.#screen.say(`\n${lines.join("\n")}\n`);
    } finally {
      await transport.close();
    }
  }

  #tell(text: string): void {
    if (!this.#stopping.signal.aborted) this.#screen.note(text);
  }

  #writeNote(): void {
    if (this.#stopping.signal.aborted) return;
    const { topology, clusterDirectory } = this.#plan;
    const { cluster, prefix, servers } = topology;
    const processes = this.#cluster.processes();
    this.#isNoted = this.#note.keep({
      pid: process.pid,
      cluster,
      prefix,
      servers,
      directory: clusterDirectory,
      processes,
    });
  }
}
