/** A node as users run it, `synod start`, in a process of its own: all that is done to it is done from outside. */
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../../infra/clock/system-clock.ts";
import { GuardedChild } from "../../../infra/processes/guarded-child.ts";
import { brokerPasswords } from "../../support/broker-passwords.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { DiskControl } from "../disk/disk-control.ts";
import { failPower, type PowerFailure } from "../disk/power-failure.ts";
import type { NodeLink } from "./node-link.ts";

export interface NodeSetup {
  readonly name: string;
  /** Holds its data, its journals and its log. */
  readonly directory: string;
  readonly topologyFile: string;
  readonly link: NodeLink;
  /** Preloaded, where there is one. */
  readonly diskLibrary: string | undefined;
  /** The compiled product that it runs; the one this file belongs to when left out. */
  readonly productFolder: string | undefined;
  /** Of the replicas, as in `checkpointBytes`. */
  readonly limits: Readonly<Record<string, number>>;
  /** It ended, and nobody had ended it. */
  readonly endedByItself: (reason: string) => void;
}

const stopTimeoutMs = 10_000;
const ownProduct = fileURLToPath(new URL("../../..", import.meta.url));

export class TortureNode {
  readonly name: string;
  readonly dataDirectory: string;
  readonly disk: DiskControl;
  readonly link: NodeLink;
  readonly #setup: NodeSetup;
  readonly #journals: string;
  readonly #logFile: string;
  #child: GuardedChild | undefined;
  #ending = false;
  #paused = false;
  /** Its flushes failed: until it starts again its replicas are to have stopped. */
  #diskFailed = false;
  #starts = 0;
  #startedMs = 0;
  readonly #powerFailures = { undoneWrites: 0, keptWrites: 0 };

  constructor(setup: NodeSetup) {
    const { name, directory } = setup;
    this.name = name;
    this.link = setup.link;
    this.#setup = setup;
    this.dataDirectory = join(directory, "data");
    this.#journals = join(directory, "journals");
    this.#logFile = join(directory, `${name}.log`);
    mkdirSync(this.#journals, { recursive: true });
    this.disk = new DiskControl(join(directory, "control"));
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get diskFailed(): boolean {
    return this.#diskFailed;
  }

  /** Since its last start; 0 while it is down. */
  get upForMs(): number {
    return this.running ? performance.now() - this.#startedMs : 0;
  }

  get starts(): number {
    return this.#starts;
  }

  start(): void {
    if (this.running) throw new Error(`${this.name} runs already`);
    const { diskLibrary, productFolder = ownProduct } = this.#setup;
    this.#ending = false;
    this.#paused = false;
    this.#diskFailed = false;
    this.#starts += 1;
    this.#startedMs = performance.now();
    this.#note(`--- start ${this.#starts}`);
    const preloaded =
      diskLibrary === undefined
        ? {}
        : {
            LD_PRELOAD: diskLibrary,
            TORTURE_CONTROL: this.disk.path,
            TORTURE_DATA: `${this.dataDirectory}/`,
            TORTURE_JOURNALS: this.#journals,
          };
    this.#child = new GuardedChild(
      {
        command: process.execPath,
        args: [join(productFolder, "cli", "main.js"), ...this.#arguments()],
        environment: { ...process.env, ...brokerPasswords, ...preloaded },
        workingDirectory: this.#setup.directory,
        stopTimeoutMs,
        onLine: (line) => this.#note(line),
      },
      systemClock,
      (reason) => this.#ended(reason),
    );
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    this.#ending = true;
    this.#child?.kill();
    await waitUntil(`${this.name} is gone`, () => !this.running, stopTimeoutMs);
  }

  /** SIGTERM: it hands leadership over, writes checkpoints and ends; or is killed when it does not. */
  async stop(): Promise<void> {
    this.#ending = true;
    this.#child?.stop();
    await waitUntil(`${this.name} is gone`, () => !this.running, stopTimeoutMs * 2);
  }

  /** Puts its files into a state that a power failure may leave. It has been killed. */
  losePower(keeps: () => boolean): PowerFailure {
    if (this.running) throw new Error(`${this.name} still runs`);
    const failure = failPower(this.dataDirectory, this.#journals, keeps);
    this.#powerFailures.undoneWrites += failure.undoneWrites;
    this.#powerFailures.keptWrites += failure.keptWrites;
    return failure;
  }

  /** All of them together. */
  get powerFailures(): PowerFailure {
    return this.#powerFailures;
  }

  pause(): void {
    this.#paused = true;
    this.#child?.signal("SIGSTOP");
  }

  resume(): void {
    this.#paused = false;
    this.#child?.signal("SIGCONT");
  }

  failDisk(): void {
    this.#diskFailed = true;
    this.disk.failFlushes(true);
  }

  #arguments(): readonly string[] {
    const { topologyFile, link, limits } = this.#setup;
    const settings = Object.entries(limits).flatMap(([limit, value]) => [
      "--limit",
      `${limit}=${value}`,
    ]);
    const place = ["--file", topologyFile, "--data", this.dataDirectory, "--servers", link.url];
    return ["start", "--node", this.name, ...place, ...settings];
  }

  #ended(reason: string): void {
    this.#child = undefined;
    this.#note(`--- ended: ${reason}`);
    if (!this.#ending) this.#setup.endedByItself(`${this.name} ended by itself: ${reason}`);
  }

  #note(line: string): void {
    appendFileSync(this.#logFile, `${line}\n`);
  }
}
