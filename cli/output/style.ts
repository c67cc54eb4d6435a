/** Bold, dim and red text where a terminal shows it, plain text everywhere else. */
import type { WriteStream } from "node:tty";

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
}

type Output = Pick<WriteStream, "isTTY">;

/** `NO_COLOR`, set to anything, turns it off (no-color.org). */
export function styleFor(output: Output, environment: NodeJS.ProcessEnv = process.env): Style {
  const isPlain = !output.isTTY || (environment["NO_COLOR"] ?? "") !== "";
  const wrap = (start: number, end: number) => (text: string) =>
    isPlain || text === "" ? text : `\u001B[${start}m${text}\u001B[${end}m`;
  return { bold: wrap(1, 22), dim: wrap(2, 22), red: wrap(31, 39) };
}
