/** A library that makes a process's flushes fail on demand, where a C compiler is at hand to build it. */
import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("failing-disk.c", import.meta.url));

/** Undefined on a machine without one. */
export const compiler = (process.env["PATH"] ?? "")
  .split(delimiter)
  .map((folder) => join(folder, "cc"))
  .find(isExecutable);

/** What a node's environment needs for its flushes to fail while the file `flag` exists. */
export function failingDisk(
  directory: string,
  flag: string,
): Readonly<Record<"LD_PRELOAD" | "FAILING_DISK", string>> {
  if (compiler === undefined) throw new Error("no C compiler is on PATH");
  const library = join(directory, "failing-disk.so");
  execFileSync(compiler, ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"]);
  return { LD_PRELOAD: library, FAILING_DISK: flag };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
