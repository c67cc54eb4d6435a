/** Where mutants are made: the compiled product, with the changed files compiled anew. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Mutant } from "./mutant.ts";

/** This file runs as dist/sim/mutants/workshop.js. */
const root = fileURLToPath(new URL("../../..", import.meta.url));
const compiled = join(root, "dist");
/** Inside of `node_modules`, so that what is compiled finds the packages it imports. */
const workshops = join(root, "node_modules", ".cache", `synod-mutants-${process.pid}`);

/** The simulator of the product as it is. */
export const unpatched = simulatorIn(compiled);

/** The simulator of the mutant's product; `close` removes it. */
export interface Workbench {
  readonly simulator: string;
  close(): void;
}

/** Throws when a patch does not fit, or what comes of it does not compile. */
export function makeMutant(mutant: Mutant, number: number): Workbench {
  const bench = join(workshops, String(number));
  const target = join(bench, "compiled");
  const sources = new Map<string, string>();
  for (const { file, find, replace } of mutant.patches) {
    const source = sources.get(file) ?? readFileSync(join(root, file), "utf8");
    if (source.split(find).length !== 2) throw new Error(`${file} holds not exactly one: ${find}`);
    sources.set(
      file,
      source.replace(find, () => replace),
    );
  }
  cpSync(compiled, target, { recursive: true });
  compile(bench, target, sources);
  return {
    simulator: simulatorIn(target),
    close: () => rmSync(bench, { recursive: true, force: true }),
  };
}

export function closeWorkshops(): void {
  rmSync(workshops, { recursive: true, force: true });
}

function compile(bench: string, target: string, sources: ReadonlyMap<string, string>): void {
  const files = [...sources].map(([file, source]) => {
    const patched = join(bench, "source", file);
    mkdirSync(dirname(patched), { recursive: true });
    writeFileSync(patched, source);
    return patched;
  });
  const project = join(bench, "tsconfig.json");
  const compilerOptions = {
    rootDir: join(bench, "source"),
    outDir: target,
    declaration: false,
    noCheck: true,
    noResolve: true,
    types: [],
  };
  const extend = join(root, "tsconfig.json");
  writeFileSync(project, JSON.stringify({ extends: extend, include: [], files, compilerOptions }));
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const built = spawnSync(process.execPath, [compiler, "-p", project], { encoding: "utf8" });
  if (built.status !== 0) throw new Error(`it does not compile: ${built.stdout}`);
}

function simulatorIn(directory: string): string {
  return join(directory, "sim", "main.js");
}
