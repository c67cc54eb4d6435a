/** Three members of an etcd on this machine, with its own defaults but for the quota. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../../infra/broker/free-port.ts";
import type { PeerProgram } from "../peers.ts";
import { Program } from "../program.ts";
import { signalAll, type System } from "../system.ts";

const members = ["m1", "m2", "m3"];
/** The default of 2 GiB is full before the benchmark is over. */
const quotaBytes = 32 * 2 ** 30;

export class EtcdSystem implements System {
  readonly durability = "fsync of the write-ahead log on two of three members (default)";
  readonly version: string;
  readonly #binary: string;
  readonly #parent: string;
  #directory: string | undefined;
  #endpoints: readonly string[] = [];
  #programs: readonly Program[] = [];

  constructor({ path, version }: PeerProgram, parent: string) {
    this.version = `etcd ${version}`;
    this.#binary = path;
    this.#parent = parent;
  }

  get endpoints(): readonly string[] {
    return this.#endpoints;
  }

  get processes(): readonly number[] {
    return this.#programs.map(({ pid }) => pid);
  }

  async start(): Promise<void> {
    mkdirSync(this.#parent, { recursive: true });
    const directory = mkdtempSync(join(this.#parent, "bench-etcd-"));
    this.#directory = directory;
    const clients: string[] = [];
    const peers: string[] = [];
    for (const _ of members) {
      clients.push(`http://127.0.0.1:${await freePort()}`);
      peers.push(`http://127.0.0.1:${await freePort()}`);
    }
    this.#endpoints = clients;
    const cluster = members.map((name, at) => `${name}=${peers[at] ?? ""}`).join(",");
    this.#programs = members.map((name, at) => {
      const settings = {
        name,
        "data-dir": join(directory, name),
        "listen-client-urls": clients[at],
        "advertise-client-urls": clients[at],
        "listen-peer-urls": peers[at],
        "initial-advertise-peer-urls": peers[at],
        "initial-cluster": cluster,
        "initial-cluster-state": "new",
        "quota-backend-bytes": quotaBytes,
        logger: "zap",
        "log-level": "error",
      };
      const args = Object.entries(settings).map(([key, value]) => `--${key}=${value ?? ""}`);
      return new Program(`etcd ${name}`, this.#binary, args);
    });
  }

  load(write: () => Promise<void>): Promise<void> {
    return write();
  }

  pause(): void {
    signalAll(this.processes, "SIGSTOP");
  }

  async resume(): Promise<void> {
    signalAll(this.processes, "SIGCONT");
    for (const program of this.#programs) program.requireRunning();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop()));
    this.#programs = [];
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
  }
}
