/** From a NATS server's address to a client that knows its way. */
import { SynodError } from "../infra/errors/synod-error.ts";
import type { Transport, TransportProblem } from "../infra/transport/transport.ts";
import { defaultClientLimits, type ClientLimits } from "./core/limits.ts";
import { badRequest, noOptions, requireOptions, timeoutMsOf, wholeNumber } from "./options.ts";
import { platform } from "./platform/node.ts";
import { SynodClient } from "./synod-client.ts";

/** How to reach a cluster, and how long to wait for it. */
export interface ConnectOptions {
  /**
   * `nats://host:port`, `tls://host:port` or `host:port`; in a browser `ws://host:port` or `wss://host:port`. One or more,
   * tried in random order. `nats://127.0.0.1:4222` unless given; in a browser `ws://127.0.0.1:8080`.
   */
  readonly servers?: string | readonly string[];
  /** May also stand in the address. */
  readonly user?: string;
  /** May also stand in the address. */
  readonly password?: string;
  /** A `.creds` file, read at every attempt to connect. Not in a browser. */
  readonly credentialsFile?: string;
  /** First token of the cluster's subjects; `synod` unless the topology says otherwise. */
  readonly prefix?: string;
  /** Shown in the NATS server's list of connections. */
  readonly name?: string;
  /** How long calls wait that say nothing else: 5,000. */
  readonly timeoutMs?: number;
  /** How long `connect` waits for a NATS server, and then for a node of the cluster: 2,000 each. */
  readonly connectTimeoutMs?: number;
  /** How much may be open, how long is waited for what. The defaults suit all but unusual cases. */
  readonly limits?: Partial<ClientLimits>;
}

/**
 * Connects to a cluster. Nothing is taken from the environment. Resolves when a NATS server has taken the connection and
 * a node has told which store group owns which keys. Fails with `NOT_CONNECTED` when no server can be reached, and with
 * `UNAVAILABLE` when no node answers; then nothing stays open.
 *
 * @example
 * await using synod = await connect({ servers: "nats://127.0.0.1:4222" });
 * await synod.bucket().put("greeting", "hello");
 */
export async function connect(options: ConnectOptions = noOptions): Promise<SynodClient> {
  requireConnectOptions(options);
  const { prefix = "synod", timeoutMs = 5_000, connectTimeoutMs = 2_000, limits = {} } = options;
  timeoutMsOf(timeoutMs);
  timeoutMsOf(connectTimeoutMs);
  requireLimits(limits);
  if (!/^[-\w]+$/.test(prefix)) throw badRequest(`prefix ${prefix} is no subject token`);
  let problem: TransportProblem | undefined;
  const transport = openTransport(options, connectTimeoutMs, (met) => {
    problem = met;
  });
  const waiting = new Waiting(connectTimeoutMs);
  transport.onConnectionChange(() => waiting.look());
  const client = new SynodClient({
    transport,
    clock: platform.clock,
    randomness: platform.randomness,
    prefix,
    timeoutMs,
    limits,
    routeAdopted: () => waiting.look(),
  });
  const isConnected = await waiting.until(() => transport.connected);
  const knowsItsWay = isConnected && (await waiting.until(() => client.core.routes !== undefined));
  if (knowsItsWay) return client;
  await client.close();
  throw isConnected ? nobodyAnswers(prefix, connectTimeoutMs, problem) : unreachable(problem);
}

const texts = ["user", "password", "credentialsFile", "prefix", "name"] as const;
const names: ReadonlySet<string> = new Set([
  ...texts,
  "servers",
  "timeoutMs",
  "connectTimeoutMs",
  "limits",
]);

/** One that is written in another way would lead to another cluster, or to nobody who logs in. */
function requireConnectOptions(options: ConnectOptions): void {
  requireOptions(options);
  for (const name of Object.keys(options)) {
    if (!names.has(name)) {
      throw badRequest(`connect has no option ${name}: there are ${[...names].join(", ")}`);
    }
  }
  for (const name of texts) {
    const text: unknown = options[name];
    if (text !== undefined && typeof text !== "string") throw badRequest(`${name} is no text`);
  }
}

function requireLimits(limits: Partial<ClientLimits>): void {
  if (typeof limits !== "object" || limits === null) throw badRequest("limits is no object");
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(defaultClientLimits, name)) throw badRequest(`there is no limit ${name}`);
    wholeNumber(name, value, 1);
  }
}

function openTransport(
  options: ConnectOptions,
  connectTimeoutMs: number,
  onProblem: (problem: TransportProblem) => void,
): Transport {
  const { servers = platform.usualServer, user, password, credentialsFile } = options;
  const addresses = typeof servers === "string" ? [servers] : servers;
  const areTexts = Array.isArray(addresses) && addresses.every((one) => typeof one === "string");
  if (!areTexts || addresses.length === 0) {
    throw badRequest("servers is neither an address nor a list of some");
  }
  try {
    return platform.openTransport({
      servers: addresses,
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { password }),
      ...(credentialsFile === undefined ? {} : { credentialsFile }),
      name: options.name ?? "synod client",
      connectTimeoutMs,
      onProblem,
    });
  } catch (cause) {
    if (cause instanceof SynodError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SynodError("BAD_REQUEST", `cannot connect like that: ${reason}`, { cause });
  }
}

/** Waits for one condition after the other, and looks whenever something has changed. */
class Waiting {
  readonly #timeoutMs: number;
  #look: () => void = () => {};

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  look(): void {
    this.#look();
  }

  /** Whether it came to hold in time. */
  until(holds: () => boolean): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (held: boolean): void => {
        cancel();
        this.#look = () => {};
        resolve(held);
      };
      const cancel = platform.clock.after(this.#timeoutMs, () => end(false));
      this.#look = () => {
        if (holds()) end(true);
      };
      this.#look();
    });
  }
}

function unreachable(problem: TransportProblem | undefined): SynodError {
  const cause = problem?.cause;
  const reason = cause instanceof Error ? `: ${cause.message}` : "";
  const message = `no NATS server could be connected to${reason}`;
  if (!/authorization|authentication/i.test(reason)) {
    return new SynodError("NOT_CONNECTED", message, { cause });
  }
  return new SynodError("NOT_CONNECTED", message, {
    cause,
    nextStep: "Check user and password, or the credentials file.",
  });
}

function nobodyAnswers(
  prefix: string,
  timeoutMs: number,
  problem: TransportProblem | undefined,
): SynodError {
  if (problem?.kind === "permission refused") {
    const { operation, subject, cause } = problem;
    const message = `the NATS server does not let this user ${operation} ${subject}`;
    return new SynodError("UNAVAILABLE", message, {
      cause,
      retryable: false,
      nextStep: "Check the cluster's prefix, and this user's permissions on the NATS server.",
    });
  }
  return new SynodError(
    "UNAVAILABLE",
    `connected to NATS, but no node answered on ${prefix}.api within ${timeoutMs} ms`,
    {
      nextStep:
        "Start the nodes, or name the cluster's prefix; a cluster just started needs seconds.",
    },
  );
}
