/** Reads entries from a file or standard input, line by line, and has them written. */
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { Progress } from "../output/progress.ts";
import {
  BatchWriter,
  noCounts,
  type BatchWriterOptions,
  type ImportCounts,
  type Milestone,
} from "./batch-writer.ts";
import { openFile, openStandardInput, type ByteSource } from "./byte-source.ts";
import {
  hashOf,
  readCheckpoint,
  removeCheckpoint,
  requireSame,
  writeCheckpoint,
  type Checkpoint,
} from "./checkpoint.ts";
import { lineBytesMax, parseEntryLine, type ImportedEntry } from "./entry-line.ts";
import { isDamage } from "./export-target.ts";
import { readLines, type Line } from "./line-reader.ts";

export interface ImportSettings {
  /** Undefined = standard input. */
  readonly file: string | undefined;
  /** Undefined = that of each line. */
  readonly bucket: string | undefined;
  readonly isResumed: boolean;
  readonly ifAbsent: boolean;
  readonly skipsBadLines: boolean;
  readonly concurrency: number;
  /** With every line that is not imported because something is wrong with it, as it stands in the input. */
  readonly rejected: (line: Line, failure: SynodError) => void;
  readonly progress: (sizeBytes: number | undefined) => Progress;
}

export interface ImportOutcome {
  readonly counts: Readonly<ImportCounts>;
  /** Lines, blank ones included, of this and earlier runs. */
  readonly lines: number;
  /** Of values and keys that this run has read. */
  readonly bytes: number;
  readonly isStopped: boolean;
}

/** How much of the input may have to be written again after a crash, in time. */
const checkpointEveryMs = 1_000;

/** Lines between two looks at the clock. */
const linesBetween = 128;

export class ImportRun {
  readonly #settings: ImportSettings;
  readonly #counts: ImportCounts = { ...noCounts };
  #source: ByteSource | undefined;
  #progress: Progress | undefined;
  #isStopped = false;
  #bytes = 0;
  #lines = 0;
  #keptAtMs = -checkpointEveryMs;
  #kept: Milestone | undefined;

  constructor(settings: ImportSettings) {
    this.#settings = settings;
  }

  /** What is under way is finished, and a checkpoint stays. */
  stop(): void {
    this.#isStopped = true;
    this.#source?.stop();
  }

  /**
   * Without a bucket to write to lines are only checked. Rejects with what stopped it, after everything under way has
   * ended; then a checkpoint stays.
   */
  async run(bucket: BatchWriterOptions["bucket"] | undefined): Promise<ImportOutcome> {
    const { concurrency, ifAbsent } = this.#settings;
    const checkpoint = this.#checkpoint();
    Object.assign(this.#counts, checkpoint?.counts);
    const writer =
      bucket === undefined
        ? undefined
        : new BatchWriter({ bucket, ifAbsent, concurrency, wallMs, counts: this.#counts });
    try {
      await this.#readAll(checkpoint, writer);
      if (!this.#isStopped) await writer?.flush();
    } finally {
      this.#progress?.end();
      this.#source?.stop();
      await writer?.settle();
      this.#keep(writer);
    }
    if (!this.#isStopped && writer !== undefined) this.#forget();
    const [counts, lines, bytes] = [this.#counts, this.#lines, this.#bytes];
    return { counts, lines, bytes, isStopped: this.#isStopped };
  }

  #checkpoint(): Checkpoint | undefined {
    const { file, isResumed } = this.#settings;
    return file !== undefined && isResumed ? readCheckpoint(file) : undefined;
  }

  async #readAll(
    checkpoint: Checkpoint | undefined,
    writer: BatchWriter | undefined,
  ): Promise<void> {
    const { file } = this.#settings;
    const source =
      file === undefined
        ? await openStandardInput()
        : await openFile(file, checkpoint?.lineStart ?? 0);
    this.#source = source;
    this.#progress = this.#settings.progress(source.sizeBytes);
    this.#progress.update({ keys: this.#counts.imported, bytes: 0, done: 0 });
    let isPastCheckpoint = checkpoint === undefined;
    try {
      for await (const line of readLines(
        source.bytes,
        lineBytesMax,
        beginning(source, checkpoint),
      )) {
        this.#lines = line.number;
        if (isPastCheckpoint) await this.#take(line, writer);
        else isPastCheckpoint = isLast(file, line, checkpoint);
        if (this.#isStopped) return;
        if (line.number % linesBetween === 0) this.#report(writer);
      }
    } catch (failure) {
      // Its stream was cut off by `stop`.
      if (!this.#isStopped) throw readable(failure, file);
    }
    if (!isPastCheckpoint && !this.#isStopped) isLast(file, undefined, checkpoint);
  }

  async #take(line: Line, writer: BatchWriter | undefined): Promise<void> {
    if (line.bytes !== undefined && isBlank(line.bytes)) {
      await writer?.skip(line, "blank");
      return;
    }
    const nowMs = wallMs();
    let entry: ImportedEntry;
    try {
      entry = this.#parse(line, nowMs);
    } catch (failure) {
      if (!(failure instanceof SynodError)) throw failure;
      return this.#reject(line, failure, writer);
    }
    this.#bytes += entry.key.length + entry.value.length;
    const isExpired = entry.expiresAtMs !== undefined && entry.expiresAtMs <= nowMs;
    if (writer === undefined) this.#counts[isExpired ? "expired" : "imported"] += 1;
    else if (isExpired) await writer.skip(line, "expired");
    else await writer.add(line, entry);
  }

  #parse({ bytes }: Line, nowMs: number): ImportedEntry {
    const { bucket } = this.#settings;
    if (bytes === undefined) {
      throw new SynodError("BAD_REQUEST", `it has more than ${lineBytesMax} bytes`);
    }
    const entry = parseEntryLine(bytes, bucket ?? "default", nowMs);
    return bucket === undefined ? entry : { ...entry, bucket };
  }

  async #reject(line: Line, failure: SynodError, writer: BatchWriter | undefined): Promise<void> {
    const { skipsBadLines, rejected, file } = this.#settings;
    const isResumable = writer !== undefined && file !== undefined;
    if (!skipsBadLines) {
      // Everything before it is written: once it is corrected, --resume goes on with it.
      await writer?.flush();
      throw new SynodError(failure.code, `line ${line.number}: ${failure.message}`, {
        nextStep: `Correct the line${isResumable ? " and go on with --resume" : ""}, or pass --on-error skip.`,
      });
    }
    rejected(line, failure);
    if (writer === undefined) this.#counts.bad += 1;
    else await writer.skip(line, "bad");
  }

  #report(writer: BatchWriter | undefined): void {
    const done = this.#source?.readBytes() ?? 0;
    this.#progress?.update({ keys: this.#counts.imported, bytes: this.#bytes, done });
    if (performance.now() - this.#keptAtMs >= checkpointEveryMs) this.#keep(writer);
  }

  #keep(writer: BatchWriter | undefined): void {
    const { file } = this.#settings;
    const milestone = writer?.milestone;
    if (file === undefined || milestone === undefined || milestone === this.#kept) return;
    this.#kept = milestone;
    this.#keptAtMs = performance.now();
    const { line, counts } = milestone;
    const { start: lineStart, end: lineEnd, number: lineNumber, bytes } = line;
    const lineHash = hashOf(bytes);
    writeCheckpoint(file, { lineStart, lineEnd, lineNumber, lineHash, counts: { ...counts } });
  }

  #forget(): void {
    const { file } = this.#settings;
    if (file !== undefined) removeCheckpoint(file);
  }
}

function wallMs(): number {
  return Date.now();
}

function beginning(
  { offset }: ByteSource,
  checkpoint: Checkpoint | undefined,
): { readonly offset: number; readonly number: number } {
  return { offset, number: offset === 0 ? 1 : (checkpoint?.lineNumber ?? 1) };
}

/** Whether the line is the last that was done. Throws `BAD_REQUEST` when another line stands in its place. */
function isLast(
  file: string | undefined,
  line: Line | undefined,
  checkpoint: Checkpoint | undefined,
): boolean {
  if (file === undefined || checkpoint === undefined) return true;
  if (line !== undefined && line.number < checkpoint.lineNumber) return false;
  requireSame(file, line, checkpoint);
  return true;
}

function isBlank(bytes: Buffer): boolean {
  return bytes.length < 8 && bytes.toString("latin1").trim() === "";
}

/** What zlib has to say about a damaged file is not for people. */
function readable(failure: unknown, file: string | undefined): unknown {
  if (!isDamage(failure)) return failure;
  return new SynodError(
    "BAD_REQUEST",
    `${file ?? "standard input"} is damaged or incomplete: it begins like gzip, and then cannot be decompressed`,
    {
      cause: failure,
      nextStep: "Get the file again; everything before that place is imported.",
    },
  );
}
