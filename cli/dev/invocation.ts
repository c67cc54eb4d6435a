/** How the user can call `synod` from where they are, for lines that are meant to be copied. */
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { packageRoot } from "../package-root.ts";

export function invocation(script: string, directory: string): string {
  if (basename(script) === "synod" && !script.includes("node_modules")) return "synod";
  if (isReachedByNpx(directory)) return "npx synod";
  const near = relative(directory, script);
  return `node ${near.length < script.length ? near : script}`;
}

/** npx takes a program from node_modules/.bin here or above, and the one of the package it stands in. */
function isReachedByNpx(directory: string): boolean {
  if (realpathSync(directory) === realpathSync(packageRoot)) return true;
  for (let folder = resolve(directory); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "node_modules", ".bin", "synod"))) return true;
    if (dirname(folder) === folder) return false;
  }
}
