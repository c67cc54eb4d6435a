/** Keeps a second process out of a data directory. */
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../clock/system-clock.ts";
import { SynodError } from "../errors/synod-error.ts";
import { makeDirectory } from "../files/make-directory.ts";

export interface DirectoryLock {
  /** No other process can have had the directory's stores open since then, by the system's clock. */
  readonly heldSinceMs: number;
  release(): void;
}

interface Holder {
  readonly pid: number;
  /** When the holder's process started, in clock ticks since boot; empty where the system does not tell. */
  readonly started: string;
}

/**
 * Writes `lock` into the directory, or throws `STORE_LOCKED` naming the process that holds it. A lock whose process
 * is gone (or whose number now belongs to another process) is taken over. The directory is made if absent.
 */
export function lockDirectory(directory: string): DirectoryLock {
  makeDirectory(directory);
  const path = join(directory, "lock");
  const own: Holder = { pid: process.pid, started: startOf(process.pid) };
  for (let attempt = 0; attempt < 3; attempt++) {
    if (create(path, own)) {
      return { heldSinceMs: systemClock.monotonicMs(), release: () => release(path, own) };
    }
    const holder = read(path);
    if (holder === undefined) continue;
    if (isRunning(holder)) {
      throw new SynodError("STORE_LOCKED", `process ${holder.pid} already uses ${directory}`);
    }
    const aside = `${path}.${process.pid}`;
    renameSync(path, aside);
    rmSync(aside, { force: true });
  }
  throw new SynodError(
    "STORE_LOCKED",
    `other processes are taking over ${directory} at this moment`,
  );
}

function create(path: string, own: Holder): boolean {
  try {
    const file = openSync(path, "wx");
    writeSync(file, JSON.stringify(own));
    closeSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function release(path: string, own: Holder): void {
  if (read(path)?.pid === own.pid) rmSync(path, { force: true });
}

function read(path: string): Holder | undefined {
  try {
    const { pid, started } = JSON.parse(readFileSync(path, "utf8")) as Partial<Holder>;
    return typeof pid === "number" ? { pid, started: started ?? "" } : { pid: 0, started: "" };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    if (error instanceof SyntaxError) return { pid: 0, started: "" };
    throw error;
  }
}

function isRunning({ pid, started }: Holder): boolean {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return started === "" || startOf(pid) === started;
}

/** Field 22 of `/proc/<pid>/stat`: tells a process from a later one with the same number. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
