/** The processes of a development cluster: one NATS server, and one process for each node of the topology. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BrokerBinary } from "../../infra/broker/broker-binary.ts";
import { launchBroker } from "../../infra/broker/launch-broker.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { ChildSupervisor } from "../../infra/processes/child-supervisor.ts";
import type { Environment } from "../../infra/processes/guarded-child.ts";
import { appendLinesTo } from "../../infra/processes/line-file.ts";
import type { ChildState } from "../../infra/processes/supervised-child.ts";
import { systemRandomness } from "../../infra/randomness/system-randomness.ts";
import { listenerAt } from "../../infra/transport/server-greeting.ts";
import { passwordVariable, type DevPasswords } from "./dev-passwords.ts";
import type { DevPlan } from "./dev-plan.ts";
import { NodeJournal } from "./node-journal.ts";

export interface DevClusterOptions {
  readonly plan: DevPlan;
  readonly binary: BrokerBinary;
  readonly passwords: DevPasswords;
  /** What every node is started with. */
  readonly topologyFile: string;
  /** Told, in a line or a few, whatever happens that a person should know. */
  readonly tell: (text: string) => void;
  /** A process has started or ended. */
  readonly changed: () => void;
}

export const brokerName = "nats-server";
/** Nodes end before the server over which they hand leadership over. */
const nodeStage = 1;
/** A node that is asked to stop gives itself two seconds, and then closes its stores. */
const nodeStopTimeoutMs = 6_000;

const host = "127.0.0.1";
/** A program on a port accepts at once, or is not there. */
const lookMsMax = 500;
const program = fileURLToPath(new URL("../main.js", import.meta.url));

export class DevCluster {
  readonly #options: DevClusterOptions;
  readonly #supervisor = new ChildSupervisor(systemClock);
  readonly #everRan = new Set<string>();
  /** The last words each node was reported with: a failure that repeats itself is told once. */
  readonly #toldWords = new Map<string, string>();
  /** Which node reported a trouble first: what the others say the same way is not spelled out again. */
  readonly #toldTroubles = new Map<string, string>();
  #stopping = false;

  constructor(options: DevClusterOptions) {
    this.#options = options;
  }

  /** Rejects with `PORT_IN_USE` or `BROKER_FAILED`; nodes are given time and restarts, and fail nobody. */
  async start(): Promise<void> {
    await this.#startBroker();
    if (this.#stopping) return;
    for (const { name } of this.#options.plan.topology.nodes) this.#startNode(name);
  }

  /** The process ids of what runs at the moment. */
  processes(): Readonly<Record<string, number>> {
    const names = [brokerName, ...this.#options.plan.topology.nodes.map(({ name }) => name)];
    const running = names.flatMap((name) => {
      const pid = this.#supervisor.pidOf(name);
      return pid === undefined ? [] : [[name, pid] as const];
    });
    return Object.fromEntries(running);
  }

  logOf(name: string): string {
    return join(this.#options.plan.clusterDirectory, `${name}.log`);
  }

  /** Nodes hand leadership over and write checkpoints; then the broker ends. */
  stop(): Promise<void> {
    this.#stopping = true;
    return this.#supervisor.stopAll();
  }

  kill(): Promise<void> {
    this.#stopping = true;
    return this.#supervisor.killAll();
  }

  async #startBroker(): Promise<void> {
    const { plan, binary, passwords } = this.#options;
    const { port, websocketPort } = plan;
    if (websocketPort !== undefined) await requireFree(websocketPort);
    await launchBroker({
      supervisor: this.#supervisor,
      clock: systemClock,
      randomness: systemRandomness,
      binary,
      configFile: plan.brokerConfig,
      host,
      port,
      environment: {
        ...passwords,
        ...(websocketPort === undefined
          ? {}
          : { SYNOD_NATS_WEBSOCKET_LISTEN: `${host}:${websocketPort}` }),
      },
      name: brokerName,
      onLine: this.#logFile(brokerName),
      onState: (state) => this.#brokerChanged(state),
    });
    this.#everRan.add(brokerName);
  }

  #brokerChanged(state: ChildState): void {
    // While it starts for the first time, launching it reports what goes wrong.
    if (this.#everRan.has(brokerName)) {
      if (state.kind === "waiting") this.#tellEnd(brokerName, state);
      if (state.kind === "running") this.#options.tell(`${brokerName} runs again`);
    }
    this.#options.changed();
  }

  #startNode(name: string): void {
    const journal = new NodeJournal({
      append: this.#logFile(name),
      trouble: (text) => this.#tellTrouble(name, text),
      serving: () => this.#nodeServes(name),
    });
    this.#supervisor.start({
      name,
      stage: nodeStage,
      command: process.execPath,
      args: this.#argumentsOf(name),
      environment: this.#environmentOf(name),
      stopTimeoutMs: nodeStopTimeoutMs,
      onLine: (line, stream) => journal.take(line, stream),
      onState: (state) => {
        if (state.kind === "running") journal.restarted();
        if (state.kind === "waiting") this.#tellEnd(name, state, journal.lastWords);
        this.#options.changed();
      },
    });
  }

  #argumentsOf(node: string): string[] {
    const { plan, topologyFile } = this.#options;
    const data = join(plan.clusterDirectory, node);
    const servers = plan.topology.servers.join();
    const where = ["--file", topologyFile, "--data", data, "--servers", servers];
    return [program, "start", "--node", node, ...where];
  }

  #nodeServes(name: string): void {
    this.#toldWords.delete(name);
    if (this.#everRan.has(name)) this.#options.tell(`${name} serves again`);
    this.#everRan.add(name);
  }

  #tellTrouble(name: string, text: string): void {
    const first = this.#toldTroubles.get(text) ?? name;
    this.#toldTroubles.set(text, first);
    this.#options.tell(`${name}: ${first === name ? text : `the same as ${first}`}`);
  }

  #tellEnd(
    name: string,
    { reason, restartInMs }: Extract<ChildState, { kind: "waiting" }>,
    lastWords: readonly string[] = [],
  ): void {
    const { tell } = this.#options;
    const words = lastWords.join("\n");
    const repeats = words !== "" && this.#toldWords.get(name) === words;
    this.#toldWords.set(name, words);
    if (repeats) return;
    tell(`${name} ended (${reason}); starting it again in ${restartInMs / 1000} s`);
    for (const line of lastWords) tell(`  ${line}`);
  }

  /** A node needs its own password only, and nothing that would lead it to another NATS server. */
  #environmentOf(node: string): Environment {
    const own = passwordVariable(node);
    const inherited = Object.entries(process.env).filter(([name]) => !/^(SYNOD|NATS)_/.test(name));
    return { ...Object.fromEntries(inherited), [own]: this.#options.passwords[own] };
  }

  #logFile(name: string): (line: string) => void {
    const path = this.logOf(name);
    return appendLinesTo(path, (failure) =>
      this.#options.tell(`the log ${path} cannot be written: ${failure.message}`),
    );
  }
}

/** nats-server would name neither the port nor the flag. */
async function requireFree(port: number): Promise<void> {
  const { kind } = await listenerAt(host, port, lookMsMax, systemClock);
  if (kind === "nobody") return;
  throw new SynodError(
    "PORT_IN_USE",
    `${host}:${port} is taken, so nats-server cannot listen for WebSocket there`,
    { nextStep: "Stop that program, or choose another port with --websocket-port." },
  );
}
