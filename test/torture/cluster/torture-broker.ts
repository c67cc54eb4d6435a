/** The cluster's nats-server, with the configuration that is shipped, always at the same port. */
import { join } from "node:path";
import { packageRoot } from "../../../cli/package-root.ts";
import { systemClock } from "../../../infra/clock/system-clock.ts";
import { GuardedChild } from "../../../infra/processes/guarded-child.ts";
import { brokerPasswords } from "../../support/broker-passwords.ts";
import { waitUntil } from "../../support/wait-until.ts";

const stopTimeoutMs = 5_000;

export interface BrokerSetup {
  readonly program: string;
  readonly port: number;
  readonly onLine: (line: string) => void;
  /** It ended, and nobody had ended it. */
  readonly endedByItself: (reason: string) => void;
}

export class TortureBroker {
  readonly #setup: BrokerSetup;
  #child: GuardedChild | undefined;
  #ready = false;
  #ending = false;

  constructor(setup: BrokerSetup) {
    this.#setup = setup;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#setup.port}`;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  async start(): Promise<void> {
    const { program, port, onLine } = this.#setup;
    this.#ready = false;
    this.#ending = false;
    const configuration = join(packageRoot, "nats.conf");
    this.#child = new GuardedChild(
      {
        command: program,
        args: ["-c", configuration, "--addr", "127.0.0.1", "--port", String(port)],
        environment: { ...process.env, ...brokerPasswords },
        stopTimeoutMs,
        onLine: (line) => {
          onLine(line);
          if (line.includes("Server is ready")) this.#ready = true;
        },
      },
      systemClock,
      (reason) => this.#ended(reason),
    );
    await waitUntil("nats-server is ready", () => this.#ready || !this.running);
    if (!this.running) throw new Error("nats-server ended while starting");
  }

  /** As an operator would. */
  async stop(): Promise<void> {
    this.#ending = true;
    this.#child?.stop();
    await this.#gone();
  }

  async kill(): Promise<void> {
    this.#ending = true;
    this.#child?.kill();
    await this.#gone();
  }

  #gone(): Promise<void> {
    return waitUntil("nats-server is gone", () => !this.running, stopTimeoutMs * 2);
  }

  #ended(reason: string): void {
    this.#child = undefined;
    if (!this.#ending) this.#setup.endedByItself(reason);
  }
}
