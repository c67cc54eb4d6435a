/** Starts a nats-server under a supervisor and waits until it answers. */
import { availableParallelism } from "node:os";
import type { Clock } from "../clock/clock.ts";
import { SynodError } from "../errors/synod-error.ts";
import type { ChildSupervisor } from "../processes/child-supervisor.ts";
import type { Environment } from "../processes/guarded-child.ts";
import type { ChildState } from "../processes/supervised-child.ts";
import type { Randomness } from "../randomness/randomness.ts";
import type { BrokerBinary } from "./broker-binary.ts";
import { listenerAt, reachableAddress, type Listener } from "../transport/server-greeting.ts";

export interface BrokerLaunch {
  readonly supervisor: ChildSupervisor;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly binary: BrokerBinary;
  readonly configFile: string;
  /** These two win over what the configuration file says, and are in its environment as well. */
  readonly host: string;
  readonly port: number;
  /** What the configuration file reads, passwords above all; added to this process's own environment. */
  readonly environment: Environment;
  /** Of the supervised child: `nats-server` and stage 0 when left out. */
  readonly name?: string;
  readonly stage?: number;
  readonly readyTimeoutMs?: number;
  /** Every line of the server's log. */
  readonly onLine?: (line: string) => void;
  readonly onState?: (state: ChildState) => void;
}

export interface RunningBroker {
  /** The supervised child's name. */
  readonly name: string;
  /** As in `nats://127.0.0.1:4222`. */
  readonly address: string;
  readonly version: string;
  /** Stops it for good. Resolves when its process is gone. */
  stop(): Promise<void>;
}

const stopTimeoutMs = 5_000;
const readyTimeoutDefaultMs = 10_000;
/** A nats-server greets at once; a stranger on the port is given this long to. */
const greetingTimeoutMs = 1_000;
const retryMs = 10;
const lastLinesKept = 5;

/**
 * Rejects with `PORT_IN_USE`, or with `BROKER_FAILED` and the server's own last words when it ends or keeps
 * silent; then nothing is left running. Once launched, it is started again whenever it dies, until it is stopped.
 */
export async function launchBroker(launch: BrokerLaunch): Promise<RunningBroker> {
  const listener = await listenerAt(launch.host, launch.port, greetingTimeoutMs, launch.clock);
  if (listener.kind !== "nobody") throw portInUse(launch, listener);
  const name = launch.name ?? "nats-server";
  const attempt = startBroker(launch, name);
  try {
    await untilReady(launch, attempt);
  } catch (failure) {
    await launch.supervisor.stop(name);
    throw failure;
  }
  return {
    name,
    address: `nats://${addressText(launch)}`,
    version: launch.binary.version,
    stop: () => launch.supervisor.stop(name),
  };
}

/** What is known about a server that has been started and has not answered yet. */
interface Attempt {
  /** The name it was given and must greet with: whoever else took the port meanwhile has another. */
  readonly serverName: string;
  readonly lastLines: string[];
  /** How it ended, once it has. */
  endedBecause: string | undefined;
}

/**
 * A server that keeps a few MiB would collect them many times a second under load, for a quarter of its time on small
 * messages. This lets it grow to five times what is alive in between.
 */
const collectedAtPercent = "400";

/**
 * Threads that execute the server's program: it shares the machine with those that it connects. Whenever a message comes
 * while one of several threads sleeps, it is woken to look for work that the first has finished meanwhile, at the cost of
 * whoever would have had that core.
 */
const coresPerThread = 4;

function threadsText(): string {
  return String(Math.max(1, Math.floor(availableParallelism() / coresPerThread)));
}

function startBroker(launch: BrokerLaunch, name: string): Attempt {
  const { binary, host, port, environment } = launch;
  const serverName = `synod-${launch.randomness.identifier().toString(36)}`;
  const attempt: Attempt = { serverName, lastLines: [], endedBecause: undefined };
  launch.supervisor.start({
    name,
    stage: launch.stage ?? 0,
    command: binary.path,
    args: brokerArguments(launch, serverName),
    environment: {
      GOGC: collectedAtPercent,
      GOMAXPROCS: threadsText(),
      ...process.env,
      SYNOD_NATS_HOST: host,
      SYNOD_NATS_PORT: String(port),
      ...environment,
    },
    stopTimeoutMs,
    onLine: (line) => {
      attempt.lastLines.push(line);
      if (attempt.lastLines.length > lastLinesKept) attempt.lastLines.shift();
      launch.onLine?.(line);
    },
    onState: (state) => {
      if (state.kind === "waiting" || state.kind === "stopped") attempt.endedBecause = state.reason;
      launch.onState?.(state);
    },
  });
  return attempt;
}

function brokerArguments({ configFile, host, port }: BrokerLaunch, serverName: string): string[] {
  const listen = ["--addr", host, "--port", String(port)];
  return ["--config", configFile, "--name", serverName, ...listen];
}

async function untilReady(launch: BrokerLaunch, attempt: Attempt): Promise<void> {
  const { clock, host, port } = launch;
  const timeoutMs = launch.readyTimeoutMs ?? readyTimeoutDefaultMs;
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  for (;;) {
    const listener = await listenerAt(host, port, greetingTimeoutMs, clock);
    if (listener.kind === "nats-server" && listener.name === attempt.serverName) return;
    if (attempt.endedBecause !== undefined) {
      if (listener.kind !== "nobody" || foundPortTaken(attempt)) throw portInUse(launch, listener);
      throw brokerFailed(`ended while starting (${attempt.endedBecause})`, attempt);
    }
    if (clock.monotonicMs() >= deadlineMs) {
      throw brokerFailed(
        `did not answer on ${addressText(launch)} within ${timeoutMs / 1000} s`,
        attempt,
      );
    }
    await new Promise<void>((resolve) => clock.after(retryMs, resolve));
  }
}

/** The system refuses a port also while its owner does not accept connections. */
function foundPortTaken(attempt: Attempt): boolean {
  return attempt.lastLines.some((line) => line.includes("address already in use"));
}

function brokerFailed(what: string, attempt: Attempt): SynodError {
  const said = attempt.lastLines.map((line) => `\n  ${line}`).join("");
  return new SynodError("BROKER_FAILED", `nats-server ${what}; its last words:${said || " none"}`);
}

function portInUse(launch: BrokerLaunch, listener: Listener): SynodError {
  return new SynodError(
    "PORT_IN_USE",
    `${addressText(launch)} is taken by ${ownerText(listener)}, so nats-server cannot listen there`,
    { nextStep: "Stop that program, or choose another port with --port." },
  );
}

function ownerText(listener: Listener): string {
  if (listener.kind === "nobody") return "a program that does not answer";
  if (listener.kind === "stranger") return "a program that is no nats-server";
  return `a nats-server ${listener.version} named ${JSON.stringify(listener.name)}`;
}

function addressText({ host, port }: BrokerLaunch): string {
  const address = reachableAddress(host);
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
