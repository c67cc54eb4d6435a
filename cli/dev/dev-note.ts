/** The note a running development cluster leaves, so that other commands started in that directory find it. */
import { readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { makeDirectory } from "../../infra/files/make-directory.ts";

export interface DevNote {
  /** Of `synod dev` itself. */
  readonly pid: number;
  readonly cluster: string;
  readonly prefix: string;
  readonly servers: readonly string[];
  /** Where the cluster's data and logs are. */
  readonly directory: string;
  /** Process ids of the broker and of the nodes that run at the moment, by name. */
  readonly processes: Readonly<Record<string, number>>;
}

export interface FoundNote extends DevNote {
  readonly path: string;
}

export function notePath(directory: string): string {
  return join(directory, ".synod", "dev.json");
}

/** The note of a cluster that still runs, in `directory` or the nearest one above it. */
export function findDevNote(directory: string): FoundNote | undefined {
  for (let folder = resolve(directory); ; folder = dirname(folder)) {
    const path = notePath(folder);
    const note = readNote(path);
    if (note !== undefined && isRunning(note.pid)) return { ...note, path };
    if (dirname(folder) === folder) return undefined;
  }
}

export class NoteKeeper {
  readonly #path: string;
  #kept = false;

  constructor(directory: string) {
    this.#path = notePath(directory);
  }

  /**
   * False when the note of another cluster stands there, which runs: it stays. False also when nothing can be written
   * there: the data may lie elsewhere, and a cluster does not end for want of a convenience.
   */
  keep(note: DevNote): boolean {
    const other = readNote(this.#path);
    if (other !== undefined && other.pid !== process.pid && isRunning(other.pid)) return false;
    try {
      makeDirectory(dirname(this.#path));
      const draft = `${this.#path}.${process.pid}`;
      writeFileSync(draft, `${JSON.stringify(note, undefined, 2)}\n`);
      renameSync(draft, this.#path);
    } catch {
      return false;
    }
    this.#kept = true;
    return true;
  }

  /** And the directory, if there was nothing but the note in it. */
  remove(): void {
    if (!this.#kept || readNote(this.#path)?.pid !== process.pid) return;
    rmSync(this.#path);
    try {
      rmdirSync(dirname(this.#path));
    } catch {
      // Data is in there.
    }
  }
}

/** Undefined also for what is no note: it is only ever a convenience. */
function readNote(path: string): DevNote | undefined {
  try {
    const note = JSON.parse(readFileSync(path, "utf8")) as Partial<DevNote> | null;
    const { pid, servers, prefix } = note ?? {};
    const isNote =
      Number.isSafeInteger(pid) && Array.isArray(servers) && typeof prefix === "string";
    return isNote ? (note as DevNote) : undefined;
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (failure) {
    // Somebody else's process.
    return (failure as NodeJS.ErrnoException).code === "EPERM";
  }
}
