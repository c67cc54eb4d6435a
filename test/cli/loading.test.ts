/** What a command loads before it does anything: most of the time of a short one goes there. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Every file that importing this one loads at once. */
function loadedBy(path: string): readonly string[] {
  const loaded = new Set<string>();
  const load = (file: string): void => {
    if (loaded.has(file) || !existsSync(file)) return;
    loaded.add(file);
    const text = readFileSync(file, "utf8");
    for (const [, isType, next] of text.matchAll(
      /^(?:import|export)( type)? [^;]*?from "(\.[^"]+)";/gm,
    )) {
      if (isType === undefined && next !== undefined) load(join(dirname(file), next));
    }
  };
  load(join(root, path));
  return [...loaded].map((file) => relative(root, file));
}

function under(loaded: readonly string[], folders: readonly string[]): readonly string[] {
  return loaded.filter((file) => folders.some((folder) => file.startsWith(`${folder}/`))).sort();
}

test("the program loads no command before it knows which is called", () => {
  const loaded = loadedBy("cli/main.ts");
  expect(loaded).toContain("cli/program.ts");
  expect(under(loaded, ["cli/commands", "client", "infra/transport", "infra/topology"])).toEqual([
    "infra/topology/topology-error.ts",
  ]);
});

test("a node's data directory is locked before what the node is made of is loaded", () => {
  expect(under(loadedBy("cli/commands/start.ts"), ["infra", "server", "actors"])).toEqual([]);
  const loaded = loadedBy("cli/start-node.ts");
  expect(loaded).toContain("infra/log-store/directory-lock.ts");
  expect(under(loaded, ["server", "infra/state-store", "infra/transport"])).toEqual([]);
  expect(under(loaded, ["actors", "infra/log-store"])).toEqual([
    "actors/replica/limits.ts",
    "infra/log-store/directory-lock.ts",
  ]);
});

test("the command `sim` loads the simulator's options, and nothing of what it simulates", () => {
  expect(under(loadedBy("cli/commands/sim.ts"), ["sim", "actors"])).toEqual([
    "sim/command/sim-options.ts",
    "sim/strike-numbers.ts",
    "sim/workload/key-names.ts",
  ]);
});
