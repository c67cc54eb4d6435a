/** What one node's disk and clock do, from now on: a file that the node's process has mapped. */
import { closeSync, openSync, readSync, writeSync } from "node:fs";

/** In the order of `struct control` in torture-disk.c. */
const fields = {
  flushDelayUs: 0,
  flushesFail: 1,
  wallOffsetUs: 2,
  flushes: 3,
  flushesDelayed: 4,
  flushesFailed: 5,
} as const;
const fieldBytes = 8;
const usPerMs = 1_000;
const dayMs = 24 * 60 * 60 * 1_000;

export interface FlushCounts {
  readonly all: number;
  readonly delayed: number;
  readonly failed: number;
}

export class DiskControl {
  readonly path: string;
  readonly #file: number;
  /** That of the jumps, all in all. */
  #wallOffsetMs = 0;
  #isDayAhead = false;

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, "w+");
    writeSync(this.#file, Buffer.alloc(Object.keys(fields).length * fieldBytes));
  }

  /** Every flush takes that much longer; 0 = as long as it takes. */
  delayFlushes(delayMs: number): void {
    this.#write("flushDelayUs", Math.round(delayMs * usPerMs));
  }

  failFlushes(fail: boolean): void {
    this.#write("flushesFail", fail ? 1 : 0);
  }

  /** The time of day is off by that much more from now on. */
  jumpClock(byMs: number): void {
    this.#wallOffsetMs += byMs;
    this.#setClock();
  }

  get isDayAhead(): boolean {
    return this.#isDayAhead;
  }

  setDayAhead(isAhead: boolean): void {
    this.#isDayAhead = isAhead;
    this.#setClock();
  }

  /** How far its time of day is off, in milliseconds; below 0 = behind. */
  get clockErrorMs(): number {
    return this.#wallOffsetMs + (this.#isDayAhead ? dayMs : 0);
  }

  #setClock(): void {
    this.#write("wallOffsetUs", Math.round(this.clockErrorMs * usPerMs));
  }

  /** Since this cluster began, over all starts of the node. */
  get flushes(): FlushCounts {
    const all = this.#read("flushes");
    return { all, delayed: this.#read("flushesDelayed"), failed: this.#read("flushesFailed") };
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(field: keyof typeof fields, value: number): void {
    const bytes = Buffer.alloc(fieldBytes);
    bytes.writeBigInt64LE(BigInt(value));
    writeSync(this.#file, bytes, 0, fieldBytes, fields[field] * fieldBytes);
  }

  #read(field: keyof typeof fields): number {
    const bytes = Buffer.alloc(fieldBytes);
    readSync(this.#file, bytes, 0, fieldBytes, fields[field] * fieldBytes);
    return Number(bytes.readBigInt64LE());
  }
}
