/** Runs another program to its end, within a bound of time, and gives back what it printed. */
import type { Clock } from "../clock/clock.ts";
import { GuardedChild, type Environment } from "./guarded-child.ts";

export interface BoundedCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly timeoutMs: number;
  readonly workingDirectory?: string;
  readonly environment?: Environment;
}

/** The program ended badly or not in time; the message ends with its own last words. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}

/** Enough for what is read here, and little enough when a program never stops talking. */
const keptLinesMax = 1_000;
const lastWordsLines = 3;

/** Resolves with the lines of standard output, rejects with `CommandFailed`. */
export function runBounded(command: BoundedCommand, clock: Clock): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const printed: string[] = [];
    const all: string[] = [];
    const keep = (lines: string[], line: string) => {
      lines.push(line);
      if (lines.length > keptLinesMax) lines.shift();
    };
    let timedOut = false;
    const child = new GuardedChild(
      {
        ...command,
        stopTimeoutMs: 0,
        onLine: (line, stream) => {
          if (stream === "stdout") keep(printed, line);
          keep(all, line);
        },
      },
      clock,
      (reason) => {
        cancelTimeout();
        if (reason === "exit code 0") resolve(printed);
        else reject(failureOf(command, timedOut ? timeoutReason(command) : reason, all));
      },
    );
    const cancelTimeout = clock.after(command.timeoutMs, () => {
      timedOut = true;
      child.kill();
    });
  });
}

function timeoutReason(command: BoundedCommand): string {
  return `not finished within ${command.timeoutMs / 1000} s`;
}

function failureOf(
  { command, args }: BoundedCommand,
  reason: string,
  lines: readonly string[],
): CommandFailed {
  const lastWords = lines
    .filter((line) => line.trim() !== "")
    .slice(-lastWordsLines)
    .map((line) => line.trim());
  const said = lastWords.length === 0 ? "" : `: ${lastWords.join("; ")}`;
  return new CommandFailed(`${[command, ...args].join(" ")}: ${reason}${said}`);
}
