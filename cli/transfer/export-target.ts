/** The file an export goes to: begun anew, or continued behind its last whole line. */
import { once } from "node:events";
import { createReadStream, createWriteStream, existsSync, renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { constants, createGunzip, createGzip, type Gunzip } from "node:zlib";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { lineBytesMax } from "./entry-line.ts";
import { readLines } from "./line-reader.ts";

export interface ExportTarget {
  /** Resolves when more can be written. */
  write(text: string | Uint8Array): Promise<void>;
  /** Resolves when everything is on the disk. */
  end(): Promise<void>;
}

export function isCompressed(path: string): boolean {
  return path.endsWith(".gz");
}

export interface TargetForm {
  /** What is there stays: gzip may be written one behind the other. */
  readonly append: boolean;
  readonly compress: boolean;
}

export async function openTarget(
  path: string,
  { append, compress }: TargetForm,
): Promise<ExportTarget> {
  const stored = createWriteStream(path, { flags: append ? "a" : "w", flush: true });
  await once(stored, "open");
  const failed = new Promise<never>((_, reject) => void stored.once("error", reject));
  // Told by whichever write or end comes next.
  failed.catch(() => undefined);
  const entrance = compress ? createGzip() : stored;
  if (entrance !== stored) entrance.pipe(stored);
  return {
    async write(text) {
      if (!entrance.write(text)) await Promise.race([once(entrance, "drain"), failed]);
    },
    async end() {
      entrance.end();
      await Promise.race([once(stored, "close"), failed]);
    },
  };
}

const lineEnd = 0x0a;

/**
 * Makes the file end behind its last whole line, and answers with that line; undefined when it holds none. A crash may
 * have left part of a line, or a compressed file without its end.
 */
export async function lastWholeLine(path: string): Promise<Buffer | undefined> {
  if (!existsSync(path)) return undefined;
  return isCompressed(path) ? lastOfCompressed(path) : lastOfPlain(path);
}

async function lastOfPlain(path: string): Promise<Buffer | undefined> {
  const file = await open(path, "r+");
  try {
    const { size } = await file.stat();
    // A whole line, and part of another one.
    const length = Math.min(size, 2 * lineBytesMax);
    const tail = Buffer.alloc(length);
    await file.read(tail, 0, length, size - length);
    const end = tail.lastIndexOf(lineEnd);
    if (end < 0 && length < size) throw unknownContent(path);
    await file.truncate(size - length + end + 1);
    if (end < 0) return undefined;
    return tail.subarray(end === 0 ? 0 : tail.lastIndexOf(lineEnd, end - 1) + 1, end);
  } finally {
    await file.close();
  }
}

/** Reads all of it, and writes it anew when it lacks its end. */
async function lastOfCompressed(path: string): Promise<Buffer | undefined> {
  const found = await readCompressed(path, createGunzip(), () => undefined);
  if (found.isWhole) return found.lastLine;
  const draft = `${path}.${process.pid}`;
  const repacked = await openTarget(draft, { append: false, compress: true });
  try {
    // Gives everything that can be decompressed when the end is missing.
    const gunzip = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH });
    const { lastLine } = await readCompressed(path, gunzip, (line) => repacked.write(line));
    await repacked.end();
    renameSync(draft, path);
    return lastLine;
  } finally {
    rmSync(draft, { force: true });
  }
}

interface ReadCompressed {
  readonly lastLine: Buffer | undefined;
  /** It ends as gzip does, and with the end of a line. */
  readonly isWhole: boolean;
}

/** Passes on the whole lines, with their ends. */
async function readCompressed(
  path: string,
  gunzip: Gunzip,
  pass: (line: Buffer) => Promise<void> | undefined,
): Promise<ReadCompressed> {
  let lastLine: Buffer | undefined;
  let isWhole = true;
  const stored = createReadStream(path);
  stored.on("error", (failure) => gunzip.destroy(failure)).pipe(gunzip);
  try {
    for await (const { bytes, start, end } of readLines(gunzip, lineBytesMax, firstLine)) {
      if (bytes === undefined) throw unknownContent(path);
      isWhole = end > start + bytes.length;
      if (!isWhole) continue;
      lastLine = bytes;
      await pass(Buffer.concat([bytes, Buffer.of(lineEnd)]));
    }
  } catch (failure) {
    if (!isDamage(failure)) throw failure;
    isWhole = false;
  } finally {
    stored.destroy();
  }
  return { lastLine, isWhole };
}

const firstLine = { offset: 0, number: 1 };

/** Of compressed data, as zlib calls it. */
export function isDamage(failure: unknown): boolean {
  const code = failure instanceof Error ? (failure as NodeJS.ErrnoException).code : undefined;
  return code?.startsWith("Z_") === true;
}

function unknownContent(path: string): SynodError {
  return new SynodError("BAD_REQUEST", `${path} does not end in lines that an export wrote`, {
    nextStep: "Name another file, or export anew with --force.",
  });
}
