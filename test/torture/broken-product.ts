/**
 * Deliberate mistakes that a torture run has to find: a copy of the compiled product with one place changed. A run that
 * lets one of them pass proves nothing about what the disk is trusted with.
 */
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Mistake {
  /** Of the compiled product. */
  readonly file: string;
  /** Occurs exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Checks of which one has to fail. */
  readonly foundBy: readonly string[];
}

/** What it looks like when something that was told is gone. */
const lost = [
  "the log's order is that of real time",
  "what was acknowledged is in the log",
  "reads tell what the log says",
  "reads see what was chosen",
  "writes answer what the log says",
  "every key is linearizable",
  "one value is chosen per slot",
  "replicas hold what the log says",
  "watches tell what the log says",
];

export const mistakes: Readonly<Record<string, Mistake>> = {
  "acknowledged before the flush": {
    file: "infra/log-store/lmdb-log-store.js",
    find: "        const submittedMs = performance.now();",
    replace: `        const submittedMs = performance.now();
        const flushed = done;
        done = (failure) => { if (failure !== undefined) flushed(failure); };
        queueMicrotask(() => flushed(undefined));`,
    foundBy: lost,
  },
  "the log is never flushed": {
    file: "infra/log-store/journal/segment.js",
    find: "(writesThrough ? constants.O_DSYNC : 0)",
    replace: "0",
    // Nothing of the journal is left, and the node says so.
    foundBy: ["replicas stop only for faults"],
  },
  "the newest write is not flushed": {
    file: "infra/log-store/journal/segment.js",
    find: "this.#file = openSync(this.path, flags);",
    // Each write makes the one before it durable.
    replace: `this.#file = openSync(this.path, constants.O_RDWR);
        const beside = this.write.bind(this);
        const here = this.writeSync.bind(this);
        this.write = (frame, written) => { fdatasyncSync(this.#file); beside(frame, written); };
        this.writeSync = (frame) => { fdatasyncSync(this.#file); return here(frame); };`,
    // Or the end of a file that the next one rests on.
    foundBy: [...lost, "replicas stop only for faults"],
  },
  "checkpoints are never flushed": {
    file: "infra/state-store/lmdb-environment.js",
    find: "overlappingSync: false,",
    replace: "overlappingSync: false, noSync: true,",
    // What was trimmed because a checkpoint held it is nowhere any more.
    foundBy: ["replicas keep their state", "replicas stop only for faults"],
  },
};

const product = fileURLToPath(new URL("../..", import.meta.url));

/** The folder must lie where the product's dependencies are found. */
export function breakProduct(name: string, folder: string): void {
  const mistake = mistakes[name];
  if (mistake === undefined) {
    throw new Error(`there is no mistake ${name}: there are ${Object.keys(mistakes).join("; ")}`);
  }
  for (const part of readdirSync(product)) {
    if (part !== "test") cpSync(join(product, part), join(folder, part), { recursive: true });
  }
  const path = join(folder, mistake.file);
  const text = readFileSync(path, "utf8");
  if (text.split(mistake.find).length !== 2) {
    throw new Error(`${mistake.file} holds not exactly one: ${mistake.find}`);
  }
  writeFileSync(
    path,
    text.replace(mistake.find, () => mistake.replace),
  );
}
