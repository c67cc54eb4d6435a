// Shows of every bug in test/regressions/bugs.json that its seed, or its scenario, fails by the check that is named at the
// commit before the fix, and passes at the fix. `npm run bugs:verify`; `-- --row 2` or `-- --row 222701c` for one of them, `-- --keep`
// to look at the trees afterwards. Trees are made outside the checkout, with its node_modules, and removed again.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const patienceMs = 15 * 60_000;

/**
 * `options` are those of the simulator. `simulator`: the commit whose sim/ is put into both trees, where their own
 * does not look for the bug yet.
 * @typedef {{ fix: string, what: string, check: string, options?: string[], simulator?: string, scenario: string }} Bug
 */

const usage = "npm run bugs:verify -- [--row <number or commit of a fix>] [--keep]";
const values = readOptions();
/** @type {Bug[]} */
const bugs = JSON.parse(readFileSync(join(root, "test", "regressions", "bugs.json"), "utf8"));
const chosen = bugs.filter(
  ({ fix }, at) => values.row === undefined || values.row === fix || Number(values.row) === at + 1,
);
if (chosen.length === 0) {
  console.error(
    `There is no row ${values.row}: rows are 1 to ${bugs.length}, or the fixes' commits.`,
  );
  process.exit(2);
}
const workshop = mkdtempSync(join(tmpdir(), "synod-bugs-"));
const trees = new Set();
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));
process.on("exit", cleanUp);

let failures = 0;
for (const bug of chosen) {
  const number = bugs.indexOf(bug) + 1;
  console.log(`${number}. ${bug.what}`);
  const before = await run(bug, `${bug.fix}~1`);
  const isFound = before.failed && before.output.includes(`${bug.check}: `);
  report(isFound, `before ${bug.fix}`, isFound ? bug.check : lastLine(before.output));
  const after = await run(bug, bug.fix);
  report(!after.failed, `with ${bug.fix}`, after.failed ? lastLine(after.output) : "passes");
  if (!isFound || after.failed) failures += 1;
}
console.log(`${chosen.length - failures} of ${chosen.length} bugs verified`);
process.exitCode = failures === 0 ? 0 : 1;

function report(holds, where, what) {
  console.log(`   ${holds ? "ok    " : "WRONG "} ${where}: ${what}`);
}

/** The seed, or the scenario as it is now, in the tree of that commit. */
async function run({ options, simulator, scenario }, commit) {
  const tree = grow(commit, simulator);
  if (options !== undefined) {
    return timed(`${commit}, seed`, [join(tree, "dist", "sim", "main.js"), ...options], tree);
  }
  const runner = join(tree, "dist", "play-files.mjs");
  await build({
    entryPoints: [join(tree, "test", "scenarios", "support", "play-files.ts")],
    outfile: runner,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "error",
  });
  const file = join(root, "test", "scenarios", `${scenario}.txt`);
  const { output, failed } = await timed(`${commit}, scenario`, [runner, file], tree);
  return { output, failed: failed || JSON.parse(output).difference !== "as written" };
}

function grow(commit, simulator) {
  const tree = join(workshop, `${commit.replace("~", "-")}${simulator ?? ""}`);
  if (trees.has(tree)) return tree;
  git("worktree", "add", "--quiet", "--detach", tree, commit);
  trees.add(tree);
  if (simulator !== undefined) {
    rmSync(join(tree, "sim"), { recursive: true });
    git("-C", tree, "checkout", "--quiet", simulator, "--", "sim");
  }
  symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  // A simulator that is newer than the product may know of more than there is: its types do not matter here.
  const compiled = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], {
    cwd: tree,
    encoding: "utf8",
  });
  if (!existsSync(join(tree, "dist", "sim", "main.js"))) {
    throw new Error(`${commit} does not compile: ${compiled.stdout}`);
  }
  return tree;
}

/** Tells how long it has been at it, where somebody watches. */
function timed(what, args, cwd) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd, timeout: patienceMs });
    const begunMs = Date.now();
    const seconds = () => Math.round((Date.now() - begunMs) / 1_000);
    const ticking = setInterval(() => {
      if (process.stdout.isTTY) process.stdout.write(`\r   ${what}: ${seconds()} s`);
    }, 1_000);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => (output += String(chunk)));
    }
    child.on("close", (code) => {
      clearInterval(ticking);
      if (process.stdout.isTTY) process.stdout.write("\r\x1b[K");
      resolve({ failed: code !== 0, output });
    });
  });
}

function git(...args) {
  const run = spawnSync("git", args, { cwd: root, encoding: "utf8" });
  if (run.status !== 0) throw new Error(`git ${args.join(" ")}: ${run.stderr}`);
}

function lastLine(output) {
  return output.trim().split("\n").at(-1) ?? "";
}

function cleanUp() {
  if (values.keep) return console.log(`trees are in ${workshop}`);
  for (const tree of trees)
    spawnSync("git", ["worktree", "remove", "--force", tree], { cwd: root });
  rmSync(workshop, { recursive: true, force: true });
  spawnSync("git", ["worktree", "prune"], { cwd: root });
}

/** Ends the program where it is asked what it can do, or something that it cannot. */
function readOptions() {
  try {
    const { values: read } = parseArgs({
      options: {
        row: { type: "string" },
        keep: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (read.help) {
      console.log(usage);
      process.exit(0);
    }
    return read;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return process.exit(2);
  }
}
