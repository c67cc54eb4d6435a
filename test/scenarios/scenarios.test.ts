/**
 * Every scenario is played on a simulated cluster; `UPDATE_SCENARIOS=1` rewrites what came of its commands, to be
 * reviewed as a diff. Each is named by what it shows to be wrong.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parseTrace, renderTrace } from "../machines/support/trace.ts";
import { play } from "./support/play.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));

for (const name of readdirSync(folder).filter((file) => file.endsWith(".txt"))) {
  const path = join(folder, name);
  const text = readFileSync(path, "utf8");
  const trace = parseTrace(text);
  test(trace.claim, async () => {
    const actual = renderTrace(await play(trace));
    if (process.env["UPDATE_SCENARIOS"] === "1") writeFileSync(path, actual);
    else expect(actual).toBe(text);
  });
}
