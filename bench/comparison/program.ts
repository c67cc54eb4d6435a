/** One process of a system, and its last words in case it ends before it is told to. */
import { systemClock } from "../../infra/clock/system-clock.ts";
import { GuardedChild } from "../../infra/processes/guarded-child.ts";

const stopTimeoutMs = 3_000;
const lastLinesKept = 5;

export class Program {
  readonly #name: string;
  readonly #child: GuardedChild;
  readonly #lastLines: string[] = [];
  readonly #ended: Promise<void>;
  #endedBecause: string | undefined;

  constructor(name: string, command: string, args: readonly string[]) {
    this.#name = name;
    let ended = (): void => undefined;
    this.#ended = new Promise((resolve) => {
      ended = resolve;
    });
    const onLine = (line: string): void => {
      this.#lastLines.push(line);
      if (this.#lastLines.length > lastLinesKept) this.#lastLines.shift();
    };
    this.#child = new GuardedChild(
      { command, args, stopTimeoutMs, onLine },
      systemClock,
      (reason) => {
        this.#endedBecause = reason;
        ended();
      },
    );
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw this.#failure("could not be started");
    return this.#child.pid;
  }

  /** Throws its last words if it does not run. */
  requireRunning(): void {
    if (this.#endedBecause !== undefined) throw this.#failure(`ended (${this.#endedBecause})`);
  }

  /** Also of a process that stands still. */
  async stop(): Promise<void> {
    this.#child.signal("SIGCONT");
    this.#child.stop();
    await this.#ended;
  }

  #failure(what: string): Error {
    const words = this.#lastLines.map((line) => `\n  ${line}`).join("");
    return new Error(`${this.#name} ${what}; its last words:${words || " none"}`);
  }
}
