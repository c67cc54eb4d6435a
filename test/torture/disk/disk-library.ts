/** The library that puts a node's disk and clock under control, compiled where a C compiler is at hand. */
import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { packageRoot } from "../../../cli/package-root.ts";

const compiler = findCompiler();

export const hasCompiler = compiler !== undefined;

/** Undefined on a machine without a compiler. */
export function compileDiskLibrary(directory: string): string | undefined {
  if (compiler === undefined) return undefined;
  const source = join(packageRoot, "test", "torture", "disk", "torture-disk.c");
  const library = join(directory, "torture-disk.so");
  const options = ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl", "-lpthread"];
  execFileSync(compiler, options);
  return library;
}

function findCompiler(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, "cc")).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
