/** Where a command writes: results to standard output, what goes on meanwhile to standard error. */
import { styleFor, type Style } from "./style.ts";

export interface Screen {
  readonly style: Style;
  /** A result. */
  say(line: string): void;
  /** Something on the side that no program should read. */
  note(line: string): void;
}

export function processScreen(): Screen {
  return {
    style: styleFor(process.stdout),
    say: (line) => void process.stdout.write(`${line}\n`),
    note: (line) => void process.stderr.write(`${line}\n`),
  };
}

/** A reader that has seen enough, as `head` does, is no failure. `done` is called when nobody reads any more. */
export function whenNobodyReads(done: () => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (failure: NodeJS.ErrnoException) => {
      if (failure.code !== "EPIPE") throw failure;
      done();
    });
  }
}
