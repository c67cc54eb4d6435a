/** What a measurement has to say about the machine it was made on. */
import { readFileSync, statfsSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly fileSystem: string;
  readonly node: string;
}

/** Of file systems in memory, which take an fsync for nothing. */
const inMemory = new Map([
  [0x01021994, "tmpfs"],
  [0x858458f6, "ramfs"],
]);

export function describeMachine(directory: string): Machine {
  const processors = cpus();
  return {
    processor: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    fileSystem: fileSystemOf(directory),
    node: process.version,
  };
}

/** Throws when what is written there is in memory only: no durability would be measured. */
export function requireDisk(directory: string): void {
  const name = inMemory.get(statfsSync(directory).type);
  if (name === undefined) return;
  throw new Error(`${directory} is on a ${name}, where nothing is durable: pass --directory`);
}

/** The mount whose path is the longest beginning of the directory's. */
function fileSystemOf(directory: string): string {
  let best = { path: "", type: "unknown" };
  for (const line of readFileSync("/proc/self/mounts", "utf8").split("\n")) {
    const [, path = "", type = ""] = line.split(" ");
    const contains = directory === path || directory.startsWith(path.replace(/\/?$/, "/"));
    if (contains && path.length >= best.path.length) best = { path, type };
  }
  return best.type;
}
