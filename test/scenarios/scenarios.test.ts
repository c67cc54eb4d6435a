/**
 * Every scenario is played on a simulated cluster; `UPDATE_SCENARIOS=1` rewrites what came of its commands, to be
 * reviewed as a diff. Each is named by what it shows to be wrong.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parseTrace, renderTrace, type Trace } from "../machines/support/trace.ts";
import { Scene } from "./support/scene.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));

function play(trace: Trace): Trace {
  const settings = trace.setup.split(/\s+/).slice(1);
  const scene = new Scene(new Map(settings.map((word) => word.split("=") as [string, string])));
  const steps = trace.steps.map(({ commands }) => ({
    commands,
    expected: commands.flatMap((command) => scene.run(command)),
  }));
  scene.end();
  return { ...trace, steps };
}

for (const name of readdirSync(folder).filter((file) => file.endsWith(".txt"))) {
  const path = join(folder, name);
  const text = readFileSync(path, "utf8");
  const trace = parseTrace(text);
  test(trace.claim, () => {
    const actual = renderTrace(play(trace));
    if (process.env["UPDATE_SCENARIOS"] === "1") writeFileSync(path, actual);
    else expect(actual).toBe(text);
  });
}
