// What is run before a release: ten minutes of seeds with three and with five nodes, then every mutant. Its output is
// what the release's note quotes. `npm run sim:long -- --minutes 2` makes the seeds shorter;
// `--mutants-json docs/data/mutants.json` keeps the table of mutants that the documentation shows.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** What the simulator ends with after Ctrl-C. */
const interrupted = 130;
const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" }, "mutants-json": { type: "string" } },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error(`error: --minutes takes a number above 0, and not '${values.minutes}'`);
  process.exit(2);
}

const { version } = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));
const commit = output("git", ["rev-parse", "--short", "HEAD"]);
const changes = output("git", ["status", "--porcelain", "--untracked-files=no"]);
const cores = availableParallelism();
console.log(`synod ${version}, commit ${commit || "unknown"}${changes ? " and changes" : ""}`);
console.log(`Node ${process.versions.node}, ${cores} of ${cpus()[0]?.model ?? "unknown cores"}`);

const shared = ["dist/sim/main.js", "--minutes", String(minutes / 2), "--jobs", String(cores)];
const mutantsFile = values["mutants-json"];
const mutantsWords = mutantsFile === undefined ? [] : ["--json", mutantsFile];
const runs = [
  { what: "three nodes", words: shared },
  // Other seeds than those above: a seed strikes alike, whatever the nodes.
  { what: "five nodes", words: [...shared, "--nodes", "5", "--seed-start", "100001"] },
  { what: "mutants", words: ["dist/sim/mutants/main.js", ...mutantsWords] },
];
run("build", ["scripts/build.mjs"]);
const ended = runs.map(({ what, words }) => ({ what, held: run(what, words) }));

console.log("");
for (const { what, held } of ended) console.log(`${held ? "held  " : "FAILED"}  ${what}`);
process.exitCode = ended.every(({ held }) => held) ? 0 : 1;

function run(what, words) {
  console.log(`\n${what}: node ${words.join(" ")}`);
  const { status, signal } = spawnSync(process.execPath, words, { cwd: root, stdio: "inherit" });
  if (status !== 0 && what === "build") process.exit(1);
  if (status === interrupted || signal !== null) process.exit(interrupted);
  return status === 0;
}

function output(program, words) {
  return spawnSync(program, words, { cwd: root, encoding: "utf8" }).stdout?.trim() ?? "";
}
