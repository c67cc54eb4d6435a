/** `synod inspect --export`: what it writes opens and runs without the rest of Synod. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { format } from "prettier";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createActor, type AnyStateMachine } from "xstate";
import { exportMachines } from "../../cli/machines/export-machines.ts";
import { definitionOf } from "../../cli/machines/machine-charts.ts";
import { machines } from "../../machines/index.ts";
import { runSynod } from "./support/synod.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Within the repository, so that the files find xstate as they do in an editor's project. */
let directory = "";
let written: readonly string[] = [];

beforeAll(async () => {
  const cache = join(root, "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  directory = mkdtempSync(join(cache, "exported-"));
  written = await exportMachines(directory);
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("every machine is a file for editors, one for programs, and a picture", () => {
  const expected = machines.flatMap(({ id }) => [`${id}.ts`, `${id}.json`, `${id}.svg`]);
  expect(written).toEqual(expected);
});

test("the command writes them without a cluster, and says which", async () => {
  const { code, stdout, stderr } = await runSynod(["inspect", "--export", "charts"], { directory });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.trim().split("\n")).toEqual(written.map((name) => join("charts", name)));
  expect(readdirSync(join(directory, "charts")).toSorted()).toEqual(written.toSorted());
  const refused = await runSynod(["inspect", "--export", "proposer.ts"], { directory });
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain("proposer.ts");
  if (process.platform !== "linux") return;
  const ended = await runSynod(["inspect", "--export", "/proc/nope"], { directory });
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining("ENOENT") });
});

test("the files pass the strictest type check", () => {
  const project = join(directory, "tsconfig.json");
  writeFileSync(
    project,
    JSON.stringify({
      extends: join(root, "tsconfig.json"),
      compilerOptions: { noEmit: true, rootDir: directory, types: [] },
      include: ["*.ts"],
    }),
  );
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  execFileSync(process.execPath, [compiler, "-p", project], { stdio: "pipe" });
});

describe.each(machines)("the file of $id", (machine) => {
  const path = (): string => join(directory, `${machine.id}.ts`);

  test("imports nothing but xstate, and is laid out as our sources are", async () => {
    const text = readFileSync(path(), "utf8");
    expect(text.match(/^import .*$/gm)).toEqual([`import { setup } from "xstate";`]);
    expect(text).toBe(await format(text, { parser: "typescript", printWidth: 100 }));
  });

  test("defines the machine that nodes run", async () => {
    const exported = await machineIn(path());
    expect(definitionOf(exported)).toEqual(definitionOf(machine));
    expect(Object.keys(exported.implementations.guards)).toEqual(
      expect.arrayContaining([...namesIn(machine.config, "guard")]),
    );
  });

  test("runs, whatever it is sent", async () => {
    const actor = createActor(await machineIn(path())).start();
    expect(actor.getSnapshot().status).toBe("active");
    for (const type of machine.events) {
      if (actor.getSnapshot().status === "active") actor.send({ type });
    }
    expect(["active", "done"]).toContain(actor.getSnapshot().status);
  });

  test("the definition as JSON is the same", () => {
    const text = readFileSync(join(directory, `${machine.id}.json`), "utf8");
    expect(JSON.parse(text)).toEqual(definitionOf(machine));
  });
});

async function machineIn(path: string): Promise<AnyStateMachine> {
  const module = (await import(/* @vite-ignore */ pathToFileURL(path).href)) as Record<
    string,
    AnyStateMachine
  >;
  const [machine] = Object.values(module);
  if (machine === undefined) throw new Error(`${path} exports nothing`);
  return machine;
}

/** Every value of this name anywhere in a definition. */
function namesIn(value: unknown, name: string): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) =>
    key === name && typeof part === "string" ? [part] : namesIn(part, name),
  );
}
