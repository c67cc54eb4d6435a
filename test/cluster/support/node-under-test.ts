/** One node of a cluster under test: a process of its own, which ends with this one whatever happens. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../infra/clock/system-clock.ts";
import { GuardedChild } from "../../../infra/processes/guarded-child.ts";
import { compiledPath } from "../../support/compiled.ts";
import { waitUntil } from "../../support/wait-until.ts";

export interface NodeSetup {
  readonly name: string;
  /** Holds the node's data directory and what it is told from outside. */
  readonly directory: string;
  readonly topologyFile: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Of the node's replicas, as in `checkpointBytes`. */
  readonly limits: Readonly<Record<string, number>>;
  /** Its link to the other nodes can be made deaf: the node is started by a script of the tests, not by `synod`. */
  readonly filtered: boolean;
}

export interface StartConditions {
  /** Shell commands before the node takes the shell's place, as in `ulimit -f 800`. */
  readonly before?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly topologyFile?: string;
  readonly dataDirectory?: string;
}

export interface LogLine {
  readonly msg?: string;
  readonly [detail: string]: unknown;
}

const stopTimeoutMs = 10_000;
const linesKept = 400;

export class NodeUnderTest {
  readonly name: string;
  readonly dataDirectory: string;
  readonly #setup: NodeSetup;
  #child: GuardedChild | undefined;
  #endedBecause: string | undefined;
  #lines: string[] = [];

  constructor(setup: NodeSetup) {
    this.name = setup.name;
    this.dataDirectory = join(setup.directory, "data");
    this.#setup = setup;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#endedBecause === undefined;
  }

  /** How it ended: `exit code 0`, `killed by SIGKILL`; undefined while it runs. */
  get endedBecause(): string | undefined {
    return this.#endedBecause;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** What it logged since its last start, oldest first. */
  get log(): readonly LogLine[] {
    return this.#lines.map(lineOf);
  }

  logged(text: string): boolean {
    return this.#lines.some((line) => line.includes(text));
  }

  start(conditions: StartConditions = {}): void {
    if (this.running) throw new Error(`${this.name} runs already`);
    const { environment, filtered } = this.#setup;
    this.#endedBecause = undefined;
    this.#lines = [];
    const script = compiledPath(filtered ? "test/cluster/support/filtered-node.ts" : "cli/main.ts");
    const command = [process.execPath, script, ...this.#arguments(conditions)];
    const before = conditions.before === undefined ? "" : `${conditions.before}; `;
    this.#child = new GuardedChild(
      {
        command: "/bin/sh",
        args: ["-c", `${before}exec "$@"`, "node-under-test", ...command],
        environment: { ...process.env, ...environment, ...conditions.environment },
        workingDirectory: this.#setup.directory,
        stopTimeoutMs,
        onLine: (line) => this.#note(line),
      },
      systemClock,
      (reason) => {
        this.#endedBecause = reason;
      },
    );
  }

  /** As a crash of the process would. */
  async kill(): Promise<void> {
    this.#child?.kill();
    await this.ended();
  }

  /** Asks it to stop. */
  terminate(): void {
    this.#child?.signal("SIGTERM");
  }

  pause(): void {
    this.#child?.signal("SIGSTOP");
  }

  resume(): void {
    this.#child?.signal("SIGCONT");
  }

  async ended(timeoutMs = stopTimeoutMs): Promise<string> {
    await waitUntil(`${this.name} ends`, () => !this.running, timeoutMs);
    return this.#endedBecause ?? "never started";
  }

  /** From the moment this resolves, messages of these nodes are dropped where they arrive. */
  async hearNothingFrom(nodes: readonly string[]): Promise<void> {
    const text = [...nodes].sort().join(" ");
    writeFileSync(join(this.#setup.directory, "deaf-to"), text);
    if (!this.running) return;
    this.#child?.signal("SIGUSR2");
    const said = `deaf to: ${text}`;
    const newest = (): LogLine | undefined =>
      this.log.findLast(({ msg }) => msg?.startsWith("deaf to:"));
    await waitUntil(`${this.name} says ${said}`, () => newest()?.msg === said);
  }

  /** All it knew is gone. */
  wipe(part: "" | "state" = ""): void {
    if (this.running) throw new Error(`${this.name} still runs`);
    rmSync(join(this.dataDirectory, part), { recursive: true, force: true });
  }

  #arguments({ topologyFile, dataDirectory }: StartConditions): string[] {
    const { name, limits } = this.#setup;
    const settings = Object.entries(limits).map(([limit, value]) => `${limit}=${value}`);
    return [
      "start",
      "--node",
      name,
      "--file",
      topologyFile ?? this.#setup.topologyFile,
      "--data",
      dataDirectory ?? this.dataDirectory,
      ...settings.flatMap((setting) => ["--limit", setting]),
    ];
  }

  #note(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > linesKept) this.#lines.shift();
  }
}

function lineOf(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { msg: text };
  }
}
