/**
 * Lets the simulator loose on each mutant and prints which check caught it, and after how many seeds. The same seeds
 * pass on the product as it is. `npm run sim:mutants`, or with words of a mutant's name to try only some.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { mutants, type Mutant } from "./mutants.ts";

/** This file runs as dist/sim/mutants/main.js. */
const root = fileURLToPath(new URL("../../..", import.meta.url));
const compiled = join(root, "dist");
const workshop = join(root, "node_modules", ".cache", `synod-mutants-${process.pid}`);

interface Outcome {
  readonly mutant: Mutant;
  /** The check that caught it, or what happened instead. */
  readonly verdict: string;
  readonly caught: boolean;
  readonly seeds: number;
}

const words = process.argv.slice(2);
const chosen = mutants.filter(({ name }) => words.every((word) => name.includes(word)));
const outcomes = chosen.map(tryMutant);
const uncaught = outcomes.filter(({ caught }) => !caught);
const innocent = requireInnocence(outcomes);
rmSync(workshop, { recursive: true, force: true });
console.log(`${outcomes.length - uncaught.length} of ${outcomes.length} mutants caught`);
process.exitCode = uncaught.length === 0 && innocent ? 0 : 1;

function tryMutant(mutant: Mutant): Outcome {
  const program = compileMutant(mutant);
  const options = [...(mutant.options ?? []), "--seeds", String(mutant.seeds), "--until-failure"];
  const { output } = simulate(program, options);
  const seeds = output.match(/^seed \d+ /gm)?.length ?? 0;
  const check = /VIOLATED {2}([^:\n]+): /.exec(output)?.[1];
  const caught = check !== undefined && mutant.caughtBy.includes(check);
  const verdict = check ?? (/BROKEN.*/.exec(output)?.[0] || "nobody noticed");
  const outcome = { mutant, verdict, caught, seeds };
  const mark = caught ? "caught " : "MISSED ";
  console.log(`${mark} ${mutant.name}  |  ${verdict}  |  ${seeds} of ${mutant.seeds} seeds`);
  return outcome;
}

/** The product with the mutant's file in it: only that file is compiled anew. */
function compileMutant({ file, find, replace }: Mutant): string {
  const source = readFileSync(join(root, file), "utf8");
  if (source.split(find).length !== 2) throw new Error(`${file} holds not exactly one: ${find}`);
  rmSync(workshop, { recursive: true, force: true });
  const patched = join(workshop, "source", file);
  const target = join(workshop, "compiled");
  mkdirSync(dirname(patched), { recursive: true });
  cpSync(compiled, target, { recursive: true });
  writeFileSync(
    patched,
    source.replace(find, () => replace),
  );
  const project = join(workshop, "tsconfig.json");
  const compilerOptions = {
    rootDir: join(workshop, "source"),
    outDir: target,
    declaration: false,
    noCheck: true,
    noResolve: true,
    types: [],
  };
  const extend = join(root, "tsconfig.json");
  writeFileSync(
    project,
    JSON.stringify({ extends: extend, include: [], files: [patched], compilerOptions }),
  );
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const built = spawnSync(process.execPath, [compiler, "-p", project], { encoding: "utf8" });
  if (built.status !== 0) throw new Error(`${file} does not compile: ${built.stdout}`);
  return join(target, "sim", "main.js");
}

function simulate(
  program: string,
  options: readonly string[],
): { readonly passed: boolean; readonly output: string } {
  const run = spawnSync(process.execPath, [program, ...options], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return { passed: run.status === 0, output: run.stdout + run.stderr };
}

/** What caught the mutants finds nothing in the product itself, seed for seed. */
function requireInnocence(outcomes: readonly Outcome[]): boolean {
  const seedsByOptions = new Map<string, number>();
  for (const { mutant, seeds } of outcomes) {
    const options = JSON.stringify(mutant.options ?? []);
    seedsByOptions.set(options, Math.max(seeds, seedsByOptions.get(options) ?? 0));
  }
  for (const [options, seeds] of seedsByOptions) {
    const own = JSON.parse(options) as readonly string[];
    const program = join(compiled, "sim", "main.js");
    const { passed, output } = simulate(program, [...own, "--seeds", String(seeds)]);
    console.log(`unpatched  ${own.join(" ")}  ${seeds} seeds: ${passed ? "passed" : "FAILED"}`);
    if (!passed) {
      console.log(output);
      return false;
    }
  }
  return true;
}
