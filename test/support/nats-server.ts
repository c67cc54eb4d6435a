/** A real nats-server for tests: started on a free loopback port, ready when it says so, ended by its process id. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface NatsServerOptions {
  /** A configuration file; its address is overridden by loopback and `port`. */
  readonly config?: string;
  /** 0, the default, lets the server choose a free one. */
  readonly port?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

const startMsMax = 10_000;

export class NatsServer {
  readonly port: number;
  readonly #options: NatsServerOptions;
  readonly #process: ChildProcess;

  constructor(port: number, options: NatsServerOptions, process: ChildProcess) {
    this.port = port;
    this.#options = options;
    this.#process = process;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
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
  const port = await portWhenReady(child);
  return new NatsServer(port, options, child);
}

function commandLine(options: NatsServerOptions): string[] {
  const config = options.config === undefined ? [] : ["-c", options.config];
  const port = options.port === undefined || options.port === 0 ? -1 : options.port;
  return [...config, "--addr", "127.0.0.1", "--port", String(port), ...(options.args ?? [])];
}

/** The server writes its port, and then that it is ready, to its log. */
function portWhenReady(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const log: string[] = [];
    let port = 0;
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
      port = Number(/client connections on .*:(\d+)$/.exec(line)?.[1] ?? port);
      if (!line.includes("Server is ready")) return;
      clearTimeout(timer);
      child.removeAllListeners("exit");
      resolve(port);
    });
  });
}
