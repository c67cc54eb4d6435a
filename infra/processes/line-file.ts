/** Appends lines to a log file. */
import { createWriteStream } from "node:fs";

/**
 * Gives back a function that appends one line. A log that cannot be written must not stop what is logged:
 * `onFailure` is told once, and the lines that follow are dropped.
 */
export function appendLinesTo(
  path: string,
  onFailure: (failure: Error) => void,
): (line: string) => void {
  const stream = createWriteStream(path, { flags: "a" });
  let failed = false;
  stream.on("error", (failure) => {
    if (!failed) onFailure(failure);
    failed = true;
  });
  return (line) => {
    if (!failed) stream.write(`${line}\n`);
  };
}
