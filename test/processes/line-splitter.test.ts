import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { appendLinesTo } from "../../infra/processes/line-file.ts";
import { lineCharactersMax, splitLines } from "../../infra/processes/line-splitter.ts";
import { waitUntil } from "../support/wait-until.ts";

async function linesOf(pieces: readonly (string | Buffer)[]): Promise<string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  splitLines(stream, (line) => lines.push(line));
  for (const piece of pieces) stream.write(piece);
  stream.end();
  await new Promise((resolve) => stream.once("end", resolve));
  return lines;
}

test("lines are whole, whatever pieces they arrive in", async () => {
  expect(await linesOf(["on", "e\ntw", "o\r\n\nfo", "ur"])).toEqual(["one", "two", "", "four"]);
  const umlaut = Buffer.from("ä\n");
  expect(await linesOf([umlaut.subarray(0, 1), umlaut.subarray(1)])).toEqual(["ä"]);
});

test("a line without end is passed on in pieces instead of being kept", async () => {
  const half = "x".repeat(lineCharactersMax / 2);
  expect(await linesOf([half, half, half])).toEqual([half + half, half]);
});

test("lines are appended to a log, and a log that cannot be written is told once", async () => {
  const folder = mkdtempSync(join(tmpdir(), "synod-lines-"));
  const log = join(folder, "log");
  const failures: Error[] = [];
  const note = (failure: Error) => failures.push(failure);
  appendLinesTo(log, note)("one");
  await waitUntil("one line is written", () => readIfThere(log) === "one\n");
  appendLinesTo(log, note)("two");
  await waitUntil("two lines are written", () => readIfThere(log) === "one\ntwo\n");
  expect(failures).toEqual([]);

  const append = appendLinesTo(folder, note);
  append("nowhere");
  await waitUntil("the failure is told", () => failures.length > 0);
  append("nowhere");
  expect(failures.map(({ message }) => message)).toEqual([expect.stringContaining("EISDIR")]);
  rmSync(folder, { recursive: true });
});

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
