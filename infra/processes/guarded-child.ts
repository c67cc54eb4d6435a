/**
 * Starts a program that cannot outlive this process, however this process ends. A tiny shell stays beside the
 * program and reads a pipe that only this process holds open: when the pipe breaks, the shell ends the program.
 */
import { spawn, type ChildProcess } from "node:child_process";
import type { Duplex, Readable } from "node:stream";
import type { Cancel, Clock } from "../clock/clock.ts";
import { splitLines } from "./line-splitter.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export type OutputStream = "stdout" | "stderr";

export interface ProgramPlan {
  readonly command: string;
  readonly args: readonly string[];
  /** The program's whole environment; the parent's own when left out. */
  readonly environment?: Environment;
  readonly workingDirectory?: string;
  /** How long the program has between SIGTERM and SIGKILL, whoever stops it. */
  readonly stopTimeoutMs: number;
  /** Every line the program writes, without its line end. */
  readonly onLine?: (line: string, stream: OutputStream) => void;
}

/**
 * The shell starts its watcher in the background and then becomes the program, so the process id, the signals
 * and the exit code this process sees are the program's own. `$$` stays that id inside the watcher, and it is
 * also the id of the process group, which a kill ends with whatever the program has started. A line on the
 * pipe means that the program has already ended, and its id may by then belong to somebody else.
 * The watcher is a shell, not a Node program, so that whoever kills every `node` at once does not kill it too.
 */
const guardScript = `
{
  trap '' HUP INT TERM
  if ! read -r ended; then
    kill -TERM $$
    ticks=0
    while [ "$ticks" -lt "$1" ] && kill -0 $$; do
      sleep 0.1
      ticks=$((ticks + 1))
    done
    kill -s KILL -- -$$
  fi
} <&3 >/dev/null 2>&1 &
shift
exec "$@" 3<&-
`;
const guardTickMs = 100;
const guardDescriptor = 3;

/** Output that arrives this long after the exit belongs to a grandchild which kept the pipe. */
const lastOutputTimeoutMs = 500;

export class GuardedChild {
  /** The program's own process id; undefined when the system could not start a process at all. */
  readonly pid: number | undefined;
  readonly #process: ChildProcess;
  readonly #clock: Clock;
  readonly #stopTimeoutMs: number;
  readonly #onEnd: (reason: string) => void;
  #ended = false;
  #cancelKill: Cancel | undefined;

  /** `onEnd` is called once, after the last line of output, with how the program ended. */
  constructor(plan: ProgramPlan, clock: Clock, onEnd: (reason: string) => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#stopTimeoutMs = plan.stopTimeoutMs;
    const ticks = String(Math.ceil(plan.stopTimeoutMs / guardTickMs));
    const output = plan.onLine === undefined ? "ignore" : "pipe";
    this.#process = spawn(
      "/bin/sh",
      ["-c", guardScript, "synod-guard", ticks, plan.command, ...plan.args],
      {
        stdio: ["ignore", output, output, "pipe"],
        env: { ...(plan.environment ?? process.env) },
        cwd: plan.workingDirectory,
        // A session of its own: Ctrl-C reaches this process alone, which then stops its children in order.
        detached: true,
      },
    );
    this.pid = this.#process.pid;
    this.#watchEnd();
    if (plan.onLine !== undefined) this.#readLines(plan.onLine);
  }

  /** Asks the program to end, and makes it end when `stopTimeoutMs` has passed. */
  stop(): void {
    this.signal("SIGTERM");
    this.#cancelKill ??= this.#clock.after(this.#stopTimeoutMs, () => this.kill());
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.#ended) this.#process.kill(signal);
  }

  /** Ends the program and all it has started, without asking. */
  kill(): void {
    const { exitCode, signalCode } = this.#process;
    // After the exit the ids are free for others.
    if (this.pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {
      // The group is gone already, and its end is on the way; or there is none yet, and the shell gets the signal.
      this.signal("SIGKILL");
    }
  }

  #watchEnd(): void {
    const guard = this.#process.stdio?.[guardDescriptor] as Duplex | null | undefined;
    // The watcher may be gone before it is told; a broken pipe is then exactly what is expected.
    guard?.on("error", () => undefined);
    this.#process.once("error", (failure) => this.#end(`could not be started: ${failure.message}`));
    this.#process.once("exit", (code, signal) => {
      guard?.end("ended\n", () => guard.destroy());
      const reason = signal === null ? `exit code ${String(code)}` : `killed by ${signal}`;
      const cancel = this.#clock.after(lastOutputTimeoutMs, () => this.#end(reason));
      this.#process.once("close", () => {
        cancel();
        this.#end(reason);
      });
    });
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelKill?.();
    this.#onEnd(reason);
  }

  #readLines(onLine: (line: string, stream: OutputStream) => void): void {
    for (const stream of ["stdout", "stderr"] as const) {
      // Without file descriptors left there is no pipe, only the error that says so.
      const pipe = this.#process[stream] as Readable | null | undefined;
      if (pipe) splitLines(pipe, (line) => onLine(line, stream));
    }
  }
}
