/** A real nats-server for tests: started on a free loopback port, ready when it says so, ended by its process id. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface NatsServerOptions {
  /** A configuration file, which says the address to listen on. Without one it is loopback. */
  readonly config?: string;
  /** 0, the default, lets the server choose a free one. */
  readonly port?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Where the server tells about itself; without one it does not. */
  readonly monitorPort?: number;
}

interface Listening {
  readonly address: string;
  readonly port: number;
}

const startMsMax = 10_000;

export class NatsServer {
  readonly address: string;
  readonly port: number;
  readonly #options: NatsServerOptions;
  readonly #process: ChildProcess;

  constructor(listening: Listening, options: NatsServerOptions, process: ChildProcess) {
    this.address = listening.address;
    this.port = listening.port;
    this.#options = options;
    this.#process = process;
  }

  get url(): string {
    return `nats://${this.address}:${this.port}`;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Names of the connections it has; needs a monitor port. */
  async connectionNames(): Promise<readonly string[]> {
    const answer = await fetch(`http://127.0.0.1:${this.#options.monitorPort}/connz`);
    const { connections } = (await answer.json()) as { connections: readonly { name: string }[] };
    return connections.map(({ name }) => name);
  }

  /** How many messages it took from the connections of that name; needs a monitor port. */
  async messagesFrom(name: string): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${this.#options.monitorPort}/connz`);
    const { connections } = (await answer.json()) as {
      connections: readonly { readonly name: string; readonly in_msgs: number }[];
    };
    const own = connections.filter((connection) => connection.name === name);
    return own.reduce((sum, { in_msgs: messages }) => sum + messages, 0);
  }

  /** Kills it as a crash would, and waits until it is gone. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await gone;
  }

  /** Another server with the same settings on the same port. */
  async restart(): Promise<NatsServer> {
    await this.kill();
    return startNatsServer({ ...this.#options, port: this.port });
  }

  pause(): void {
    this.#process.kill("SIGSTOP");
  }

  resume(): void {
    this.#process.kill("SIGCONT");
  }
}

export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const child = spawn(process.env["SYNOD_NATS_SERVER"] ?? "nats-server", commandLine(options), {
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  return new NatsServer(await ready(child), options, child);
}

function commandLine(options: NatsServerOptions): string[] {
  const where = options.config === undefined ? ["--addr", "127.0.0.1"] : ["-c", options.config];
  const port = options.port === undefined || options.port === 0 ? -1 : options.port;
  const monitor =
    options.monitorPort === undefined ? [] : ["--http_port", String(options.monitorPort)];
  return [...where, "--port", String(port), ...monitor, ...(options.args ?? [])];
}

/** The server writes where it listens, and then that it is ready, to its log. */
function ready(child: ChildProcess): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const log: string[] = [];
    let listening: Listening = { address: "", port: 0 };
    const fail = (why: string): void => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(new Error(`nats-server ${why}; set SYNOD_NATS_SERVER or PATH\n${log.join("\n")}`));
    };
    const timer = setTimeout(() => fail("was not ready in time"), startMsMax);
    child.once("error", (failure) => fail(`could not be started: ${failure.message}`));
    child.once("exit", (code) => fail(`ended with code ${code}`));
    if (child.stderr === null) return fail("has no log");
    createInterface({ input: child.stderr }).on("line", (line) => {
      log.push(line);
      const [, address, port] = /client connections on (.*):(\d+)$/.exec(line) ?? [];
      if (address !== undefined) listening = { address, port: Number(port) };
      if (!line.includes("Server is ready")) return;
      clearTimeout(timer);
      child.removeAllListeners("exit");
      resolve(listening);
    });
  });
}
