// Breaks the product as each scenario says it would be wrong to, and shows that the scenario notices; unbroken, all of
// them come out as written. `npm run scenarios:broken`, with words of a scenario's name to try only some.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "test", "scenarios");
const workshop = join(root, "node_modules", ".cache", `synod-scenarios-${process.pid}`);
const patienceMs = 60_000;

/** @typedef {{ file: string, find: string, replace: string }} Edit */
/** @typedef {{ scenario: string, breaks: string, edits: Edit[] }} Breakage */

const words = process.argv.slice(2);
/** @type {Breakage[]} */
const breakages = JSON.parse(readFileSync(join(folder, "breakages.json"), "utf8"));
const chosen = breakages.filter(({ scenario }) => words.every((word) => scenario.includes(word)));
if (chosen.length === 0) {
  console.error(
    `No scenario has '${words.join(" ")}' in its name. Their names are in test/scenarios.`,
  );
  process.exit(2);
}
mkdirSync(workshop, { recursive: true });
process.on("exit", () => rmSync(workshop, { recursive: true, force: true }));

const whole = await bundle([]);
let failures = 0;
for (const scenario of new Set(chosen.map(({ scenario }) => scenario))) {
  const difference = play(whole, scenario);
  if (difference === "as written") continue;
  failures += 1;
  console.log(`FAILS   ${scenario}  |  unbroken, it ${difference}`);
}
for (const { scenario, breaks, edits } of chosen) {
  const difference = play(await bundle(edits), scenario);
  const isNoticed = difference !== "as written";
  if (!isNoticed) failures += 1;
  console.log(`${isNoticed ? "notices" : "MISSES "} ${scenario}  |  ${breaks}  |  ${difference}`);
}
console.log(`${chosen.length} breakages, ${failures} failures`);
process.exitCode = failures === 0 ? 0 : 1;

/** The scenarios' runner with the product in it, edited. */
async function bundle(edits) {
  const outfile = join(workshop, "runner.mjs");
  await build({
    entryPoints: [join(folder, "support", "play-files.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "error",
    plugins: [{ name: "break", setup: (setup) => setup.onLoad({ filter: /\.ts$/ }, load(edits)) }],
  });
  return outfile;
}

function load(edits) {
  return ({ path }) => {
    const own = edits.filter(({ file }) => join(root, file) === path);
    if (own.length === 0) return undefined;
    let contents = readFileSync(path, "utf8");
    for (const { file, find, replace } of own) {
      if (contents.split(find).length !== 2)
        throw new Error(`${file} holds not exactly one: ${find}`);
      contents = contents.replace(find, () => replace);
    }
    return { contents, loader: "ts" };
  };
}

function play(runner, scenario) {
  const run = spawnSync(process.execPath, [runner, join(folder, scenario)], {
    encoding: "utf8",
    timeout: patienceMs,
  });
  if (run.signal !== null) return "does not end";
  const [line = ""] = run.stdout.split("\n");
  return run.status === 0 ? JSON.parse(line).difference : run.stderr.trim().split("\n").at(-1);
}
