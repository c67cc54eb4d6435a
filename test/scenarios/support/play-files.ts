/**
 * Plays the scenarios that are named on the command line and says of each in one line how it differs from what is
 * written. Bundled by scripts/break-scenarios.mjs, with the product whole or broken.
 */
import { readFileSync } from "node:fs";
import { parseTrace, renderTrace } from "../../machines/support/trace.ts";
import { play } from "./play.ts";

async function differenceOf(path: string): Promise<string> {
  const text = readFileSync(path, "utf8");
  try {
    return difference(renderTrace(await play(parseTrace(text))), text);
  } catch (thrown) {
    return String(thrown).split("\n")[0] ?? "";
  }
}

function difference(actual: string, expected: string): string {
  if (actual === expected) return "as written";
  const lines = expected.split("\n");
  for (const [at, line] of actual.split("\n").entries()) {
    if (line !== lines[at]) return `says ${JSON.stringify(line)}, not ${JSON.stringify(lines[at])}`;
  }
  return "says less";
}

for (const path of process.argv.slice(2)) {
  process.stdout.write(`${JSON.stringify({ path, difference: await differenceOf(path) })}\n`);
}
