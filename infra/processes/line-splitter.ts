/** Turns a stream of bytes into lines of text, whatever pieces the bytes arrive in. */
import type { Readable } from "node:stream";

/** A program that never ends its line must not grow this process: longer lines are passed on in pieces. */
export const lineCharactersMax = 64 * 1024;

/** Calls back with each line, without its line end, and with what is left when the stream ends. */
export function splitLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
    if (rest.length < lineCharactersMax) return;
    onLine(rest);
    rest = "";
  });
  stream.on("end", () => {
    if (rest !== "") onLine(rest);
  });
  // A pipe that breaks has said all it will say; how the program ended is reported by its exit.
  stream.on("error", () => undefined);
}
