/** Where a command writes: results to standard output, what goes on meanwhile to standard error. */
import { once } from "node:events";
import { styleFor, type ColorChoice, type Style } from "./style.ts";

export interface Screen {
  /** Of results. */
  readonly style: Style;
  /** Of what goes to standard error. */
  readonly noteStyle: Style;
  readonly useColor: (color: ColorChoice) => void;
  /** Whether results are read by a person rather than by a program. */
  readonly isTerminal: boolean;
  /** A result. */
  readonly say: (line: string) => void;
  /** A result byte for byte. Resolves when more can be written. */
  readonly write: (bytes: string | Uint8Array) => Promise<void>;
  /** Something on the side that no program should read. */
  readonly note: (line: string) => void;
}

export function processScreen(): Screen {
  let color: ColorChoice = "auto";
  return {
    get style() {
      return styleFor(process.stdout, process.env, color);
    },
    get noteStyle() {
      return styleFor(process.stderr, process.env, color);
    },
    useColor: (chosen) => {
      color = chosen;
    },
    isTerminal: process.stdout.isTTY,
    say: (line) => void process.stdout.write(`${line}\n`),
    write: async (bytes) => {
      if (!process.stdout.write(bytes)) await once(process.stdout, "drain");
    },
    note: (line) => void process.stderr.write(`${line}\n`),
  };
}

export interface OutputEnd {
  /** A reader that has seen enough, as `head` does, is no failure. */
  readonly nobodyReads: () => void;
  /** A full disk, for example. */
  readonly failed: (failure: Error) => void;
}

export function whenOutputEnds({ nobodyReads, failed }: OutputEnd): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (failure: NodeJS.ErrnoException) => {
      if (failure.code === "EPIPE") nobodyReads();
      else failed(failure);
    });
  }
}
