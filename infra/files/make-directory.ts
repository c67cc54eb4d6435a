/** Making a directory with all that lie above it. */
import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Throws the operating system's refusal. Node's own recursive mkdir does not end where a directory exists and nothing can be
 * made in it because it "does not exist", as under /proc.
 */
export function makeDirectory(path: string): void {
  const whole = resolve(path);
  if (isDirectory(whole)) return;
  const above = dirname(whole);
  if (above !== whole) makeDirectory(above);
  try {
    mkdirSync(whole);
  } catch (failure) {
    // Another process may have been faster.
    if (!isDirectory(whole)) throw failure;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
