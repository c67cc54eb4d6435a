/**
 * How far an import has come: a small file beside the input, so that it can go on after a crash. Everything before its
 * place is written. What is behind it may be as well, and is written once more: that changes nothing.
 */
import { createHash } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { Line } from "./line-reader.ts";

export interface Checkpoint {
  /** The last line that is done: where it begins and ends in the decompressed input, its number, a hash of it. */
  readonly lineStart: number;
  readonly lineEnd: number;
  readonly lineNumber: number;
  readonly lineHash: string;
  /** Of all lines up to it, for the summary. */
  readonly counts: Readonly<Record<string, number>>;
}

export function checkpointPath(input: string): string {
  return `${input}.synod-import`;
}

/** Undefined when there is none. Throws `BAD_REQUEST` for a file that is something else. */
export function readCheckpoint(input: string): Checkpoint | undefined {
  const path = checkpointPath(input);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw failure;
  }
  try {
    const found = JSON.parse(text) as Partial<Checkpoint>;
    if (isCheckpoint(found)) return found;
  } catch {
    // Told below.
  }
  throw new SynodError("BAD_REQUEST", `${path} is no checkpoint of an import`, {
    nextStep: "Remove it, and import from the start.",
  });
}

function isCheckpoint(found: Partial<Checkpoint> | null): found is Checkpoint {
  const { lineStart, lineEnd, lineNumber, lineHash, counts } = found ?? {};
  return (
    [lineStart, lineEnd, lineNumber].every(Number.isSafeInteger) &&
    typeof lineHash === "string" &&
    typeof counts === "object"
  );
}

/** Replaced as a whole: a crash leaves the old one or the new one. */
export function writeCheckpoint(input: string, checkpoint: Checkpoint): void {
  const path = checkpointPath(input);
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(checkpoint)}\n`);
  renameSync(draft, path);
}

export function removeCheckpoint(input: string): void {
  rmSync(checkpointPath(input), { force: true });
}

export function hashOf(bytes: Uint8Array | undefined): string {
  return createHash("sha256")
    .update(bytes ?? "")
    .digest("hex")
    .slice(0, 32);
}

/** Throws `BAD_REQUEST` unless the line that was the last one still stands where it stood. */
export function requireSame(input: string, line: Line | undefined, checkpoint: Checkpoint): void {
  const { lineStart, lineEnd, lineNumber, lineHash } = checkpoint;
  const stands = line?.start === lineStart && line.end === lineEnd;
  if (stands && hashOf(line.bytes) === lineHash) return;
  throw new SynodError(
    "BAD_REQUEST",
    `${input} is another file now: line ${lineNumber}, the last that was imported, is not the same`,
    { nextStep: "Import it from the start, without --resume." },
  );
}
