/** The floor: a nats-server and a service that answers at once and keeps nothing. */
import { freePort } from "../../../infra/broker/free-port.ts";
import type { PeerProgram } from "../peers.ts";
import { Program } from "../program.ts";
import { signalAll, type System } from "../system.ts";
import type { DriverTask } from "../task.ts";

/** As the driver wants it, though nothing of it concerns a service that answers. */
const answerTask: DriverTask = {
  system: "nats",
  endpoints: [],
  connections: 1,
  workload: "answer",
  callers: 1,
  valueBytes: 1,
  firstKey: 0,
  keys: 1,
  spreadKeys: false,
  warmUpSeconds: 0,
  seconds: 0,
  ratePerSecond: 0,
  subscribers: 0,
  timeoutMs: 10_000,
};

export class BareNatsSystem implements System {
  readonly version: string;
  readonly durability = "none, nothing is kept";
  readonly #server: string;
  readonly #driver: string;
  #address = "";
  #programs: readonly Program[] = [];

  /** The driver is the service as well. */
  constructor({ path, version }: PeerProgram, driver: string) {
    this.version = `nats-server ${version}`;
    this.#server = path;
    this.#driver = driver;
  }

  get endpoints(): readonly string[] {
    return [this.#address];
  }

  get processes(): readonly number[] {
    return this.#programs.map(({ pid }) => pid);
  }

  async start(): Promise<void> {
    const port = await freePort();
    this.#address = `nats://127.0.0.1:${port}`;
    const listen = ["--addr", "127.0.0.1", "--port", String(port)];
    const server = new Program("nats-server", this.#server, listen);
    this.#programs = [server];
    const task: DriverTask = { ...answerTask, endpoints: this.endpoints };
    const service = new Program("the answering service", this.#driver, [JSON.stringify(task)]);
    this.#programs = [server, service];
  }

  load(write: () => Promise<void>): Promise<void> {
    return write();
  }

  pause(): void {
    signalAll(this.processes.toReversed(), "SIGSTOP");
  }

  async resume(): Promise<void> {
    signalAll(this.processes, "SIGCONT");
    for (const program of this.#programs) program.requireRunning();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop()));
    this.#programs = [];
  }
}
