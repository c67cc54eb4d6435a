/** Three clustered nats-servers with JetStream on this machine, whose KV bucket has three replicas. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../../infra/broker/free-port.ts";
import type { PeerProgram } from "../peers.ts";
import { Program } from "../program.ts";
import { signalAll, type System } from "../system.ts";

const servers = ["s1", "s2", "s3"];

/** `deferred` is how it comes: written to the page cache, and flushed to the disk every two minutes. */
export type Flushing = "deferred" | "always";

interface Ports {
  readonly client: number;
  readonly route: number;
}

export class JetStreamSystem implements System {
  readonly version: string;
  readonly durability: string;
  readonly #binary: string;
  readonly #flushing: Flushing;
  readonly #parent: string;
  #directory: string | undefined;
  #ports: readonly Ports[] = [];
  #programs: readonly Program[] = [];

  constructor({ path, version }: PeerProgram, flushing: Flushing, parent: string) {
    this.version = `nats-server ${version}`;
    this.durability =
      flushing === "always"
        ? "sync_interval: always: fsync before the acknowledgement"
        : "none at the acknowledgement: fsync every two minutes (default), so what was acknowledged can be lost";
    this.#binary = path;
    this.#flushing = flushing;
    this.#parent = parent;
  }

  get endpoints(): readonly string[] {
    return this.#ports.map(({ client }) => `nats://127.0.0.1:${client}`);
  }

  get processes(): readonly number[] {
    return this.#programs.map(({ pid }) => pid);
  }

  async start(): Promise<void> {
    mkdirSync(this.#parent, { recursive: true });
    this.#directory = mkdtempSync(join(this.#parent, "bench-jetstream-"));
    const ports: Ports[] = [];
    for (const _ of servers) ports.push({ client: await freePort(), route: await freePort() });
    this.#ports = ports;
    this.#run("deferred");
  }

  /** A million writes with an fsync each would take longer than the benchmark; the servers are started anew. */
  async load(write: () => Promise<void>): Promise<void> {
    await write();
    if (this.#flushing === "deferred") return;
    await this.#end();
    this.#run("always");
  }

  pause(): void {
    signalAll(this.processes, "SIGSTOP");
  }

  async resume(): Promise<void> {
    signalAll(this.processes, "SIGCONT");
    for (const program of this.#programs) program.requireRunning();
  }

  async stop(): Promise<void> {
    await this.#end();
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
  }

  #run(flushing: Flushing): void {
    this.#programs = servers.map((name, at) => {
      const file = join(this.#directory ?? "", `${name}.conf`);
      writeFileSync(file, this.#configuration(name, at, flushing));
      return new Program(`nats-server ${name}`, this.#binary, ["--config", file]);
    });
  }

  async #end(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop()));
    this.#programs = [];
  }

  #configuration(name: string, at: number, flushing: Flushing): string {
    const routes = this.#ports.map(({ route }) => `nats://127.0.0.1:${route}`).join(", ");
    const interval = flushing === "always" ? "sync_interval: always" : "";
    return `
server_name: ${name}
listen: "127.0.0.1:${this.#ports[at]?.client ?? 0}"
jetstream { store_dir: "${join(this.#directory ?? "", name)}", ${interval} }
cluster { name: bench, listen: "127.0.0.1:${this.#ports[at]?.route ?? 0}", routes: [${routes}] }
`;
  }
}
