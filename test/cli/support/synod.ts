/** The `synod` command as a process of its own: the compiled program, in a directory of its own. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compiledPath } from "../../support/compiled.ts";
import { waitUntil } from "../../support/wait-until.ts";
import type { DevNote } from "../../../cli/dev/dev-note.ts";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly directory: string;
  readonly input?: string | Uint8Array;
  /** An open file in place of the standard output that is collected. */
  readonly output?: number;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Settings of whoever runs the tests would lead commands to another cluster. */
const cleanEnvironment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => name === "SYNOD_NATS_SERVER" || !/^(SYNOD|NATS)_|^XDG_CONFIG_HOME$/.test(name),
  ),
);

export class SynodProcess {
  stdout = "";
  stderr = "";
  readonly ended: Promise<Ended>;
  readonly #process: ChildProcess;

  constructor(args: readonly string[], { directory, input, output, environment = {} }: RunOptions) {
    this.#process = spawn(process.execPath, [compiledPath("cli/main.ts"), ...args], {
      cwd: directory,
      stdio: ["pipe", output ?? "pipe", "pipe"],
      env: { ...cleanEnvironment, HOME: directory, ...environment },
    });
    this.#process.stdout?.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.#process.stdin?.on("error", () => undefined).end(input);
    this.ended = new Promise((resolve) => {
      this.#process.once("close", (code) =>
        resolve({ code, stdout: this.stdout, stderr: this.stderr }),
      );
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  closeOutput(): void {
    this.#process.stdout?.destroy();
  }
}

export function runSynod(args: readonly string[], options: RunOptions): Promise<Ended> {
  return new SynodProcess(args, options).ended;
}

export interface OnTerminal {
  readonly code: number | null;
  /** Everything on the terminal, what was typed included. */
  readonly said: string;
}

/** `script` of util-linux gives a program a terminal. */
export const hasTerminals = /util-linux/.test(
  spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "",
);

/** As somebody at a terminal would run it, who types `input` when it asks something. */
export function runOnTerminal(
  args: readonly string[],
  input: string,
  { directory }: RunOptions,
): Promise<OnTerminal> {
  const words = [process.execPath, compiledPath("cli/main.ts"), ...args];
  const command = words.map((word) => `'${word}'`).join(" ");
  return new Promise((resolve) => {
    let said = "";
    const terminal = spawn("script", ["-qec", command, "/dev/null"], {
      cwd: directory,
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...cleanEnvironment, HOME: directory, TERM: "xterm" },
    });
    terminal.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      // The question is there now; the answer is typed once.
      if (said.includes("?")) terminal.stdin.end(input);
    });
    terminal.once("close", (code) => resolve({ code, said }));
  });
}

/** A running `synod dev`. */
export class DevProcess extends SynodProcess {
  readonly #directory: string;

  constructor(args: readonly string[], options: RunOptions) {
    super(["dev", ...args], options);
    this.#directory = options.directory;
  }

  async ready(): Promise<void> {
    await this.says("Try in another terminal", 30_000);
  }

  /** Waits for a text on standard output or standard error. */
  async says(text: string, timeoutMs = 15_000): Promise<void> {
    const said = (): string => this.stdout + this.stderr;
    try {
      await waitUntil(`synod dev says "${text}"`, () => said().includes(text), timeoutMs);
    } catch (failure) {
      throw new Error(`it said\n${said()}`, { cause: failure });
    }
  }

  note(): DevNote {
    return JSON.parse(readFileSync(join(this.#directory, ".synod", "dev.json"), "utf8")) as DevNote;
  }

  pidOf(name: string): number {
    return this.note().processes[name] ?? 0;
  }
}
