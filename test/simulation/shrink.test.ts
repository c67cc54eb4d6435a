/** Making a failing seed smaller: the search alone, and the whole command on a product that is broken on purpose. */
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import type { KnownStrike } from "../../sim/command/seed-job.ts";
import type { SeedOptions } from "../../sim/run-seed.ts";
import { minimalSubset } from "../../sim/shrink/minimal-subset.ts";
import { shrink, type Attempted, type Shrunk } from "../../sim/shrink/shrink.ts";
import { compiledPath } from "../support/compiled.ts";

const cache = fileURLToPath(new URL("../../node_modules/.cache/", import.meta.url));
const folder = mkdtempSync(join(cache, "synod-shrink-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  [[], []],
  [[7], [7]],
  [
    [3, 41],
    [3, 41],
  ],
  [
    [1, 2, 60, 64],
    [1, 2, 60, 64],
  ],
])("of 64 elements those that matter are left: %j", async (needed, expected) => {
  const all = Array.from({ length: 64 }, (_, index) => index + 1);
  let asked = 0;
  const left = await minimalSubset(all, (part) => {
    asked += 1;
    return Promise.resolve(needed.every((element) => part.includes(element)));
  });
  expect(left).toEqual(expected);
  expect(asked).toBeLessThan(150);
});

/** Four classes in turn, one strike each 500 ms. */
function strikesOf({ faultsMs = 20_000, without }: SeedOptions): readonly KnownStrike[] {
  const classes = ["loss", "crash", "pause", "delay"] as const;
  return Array.from({ length: Math.floor(faultsMs / 500) }, (_, index) => ({
    number: index + 1,
    fault: classes[index % classes.length] ?? "loss",
    node: "n1",
    atMs: (index + 1) * 500,
  })).filter(({ number }) => without?.has(number) !== true);
}

async function smallest(
  checkIn: (options: SeedOptions, numbers: ReadonlySet<number>) => string | undefined,
): Promise<{ readonly shrunk: Shrunk | undefined; readonly told: readonly string[] }> {
  const told: string[] = [];
  const shrunk = await shrink({
    start: { seed: 7, nodes: 5 },
    attempt: (options): Promise<Attempted> => {
      const strikes = strikesOf(options);
      const check = checkIn(options, new Set(strikes.map(({ number }) => number)));
      return Promise.resolve({ check, strikes, endedMs: options.faultsMs ?? 20_000 });
    },
    tell: (what, cameTo) => told.push(`${what}: ${cameTo}`),
    isTimeUp: () => told.length > 500,
  });
  return { shrunk, told };
}

test("a run loses what its failure does not need, and keeps what it does", async () => {
  const { shrunk } = await smallest(({ nodes = 3, clients = 3, faultsMs = 20_000 }, numbers) => {
    const isThere = numbers.has(6) && numbers.has(13) && nodes >= 3 && clients >= 2;
    return isThere && faultsMs >= 7_000 ? "it breaks" : undefined;
  });
  expect(shrunk?.strikes.map(({ number }) => number)).toEqual([6, 13]);
  const none = { rawClients: 0, bankers: 0, watchers: 0 };
  const { without, faultsMs, ...sizes } = shrunk?.options ?? { seed: 0 };
  expect(sizes).toEqual({ seed: 7, nodes: 3, clients: 2, ...none, keys: 1 });
  expect(faultsMs).toBeLessThan(7_200);
  expect(without?.has(12)).toBe(true);
});

test("another failure is not the one that is looked for", async () => {
  const { shrunk, told } = await smallest((_, numbers) => {
    if (!numbers.has(9)) return "it breaks otherwise";
    return numbers.has(22) ? "it breaks" : undefined;
  });
  expect(shrunk?.check).toBe("it breaks");
  expect(shrunk?.strikes.map(({ number }) => number)).toEqual([9, 22]);
  expect(told).toContain("with no faults: fails otherwise: it breaks otherwise");
});

test("where nothing fails there is nothing to make smaller", async () => {
  expect((await smallest(() => undefined)).shrunk).toBeUndefined();
});

test("a search whose time is up says where it stopped", async () => {
  let attempts = 0;
  const shrunk = await shrink({
    start: { seed: 7, nodes: 5 },
    attempt: (options) => {
      attempts += 1;
      const endedMs = options.faultsMs ?? 20_000;
      return Promise.resolve({ check: "it breaks", strikes: strikesOf(options), endedMs });
    },
    tell: () => undefined,
    isTimeUp: () => attempts === 3,
  });
  expect(shrunk).toMatchObject({ attempts: 3, stoppedAt: "the number of nodes, round 1" });
  expect((await smallest(() => "it breaks")).shrunk?.stoppedAt).toBeUndefined();
});

interface Ended {
  readonly status: number;
  readonly output: string;
}

function run(program: string, options: string): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...options.split(" ")], (error, stdout, stderr) => {
      const status = typeof error?.code === "number" ? error.code : 0;
      resolve({ status, output: stdout + stderr });
    });
  });
}

/** Acceptors that forget what they promised when they are restarted. */
function forgetfulProduct(): string {
  const sources = join(compiledPath("sim/main.ts"), "..", "..");
  cpSync(sources, folder, { recursive: true });
  const file = join(folder, "actors/replica/replica-memories.js");
  const right = "promise: stored.promise,";
  const text = readFileSync(file, "utf8");
  expect(text.split(right)).toHaveLength(2);
  writeFileSync(file, text.replace(right, "promise: { ...stored.promise, round: 0 },"));
  return join(folder, "sim/main.js");
}

test("a seed that fails becomes one command that fails alike, and that holds when the product is right", async () => {
  const broken = forgetfulProduct();
  const options =
    "--faults crash,pause,loss --faults-ms 3000 --clients 1 --keys 10 --raw-clients 0 --bankers 0 --watchers 0";
  const found = await run(broken, `${options} --seeds 30 --until-failure`);
  const [, seed = "", check = ""] = /^seed (\d+) .*VIOLATED {2}([^:]+): /m.exec(found.output) ?? [];
  expect(check, found.output).toMatch(/promises never go back|a ballot belongs to one start/);

  const out = join(folder, "found");
  const { status, output } = await run(broken, `${options} --shrink ${seed} --out ${out}`);
  expect(status).toBe(1);
  expect(output).toMatch(/^ +\d+ {2}with no faults: (holds|fails otherwise)/m);
  expect(output).toMatch(/^the smallest after \d+ runs: \d nodes, /m);
  expect(readFileSync(join(out, "trace.txt"), "utf8")).toMatch(/ fault \d+: /);
  for (const file of ["chart.txt", "chart.svg"]) {
    expect(readFileSync(join(out, file), "utf8")).toContain(`VIOLATED  ${check}: `);
  }

  const replay = /^replay with: npm run sim -- (.*)$/m.exec(output)?.[1] ?? "";
  const again = await run(broken, replay);
  expect(again.status).toBe(1);
  expect(again.output).toContain(`VIOLATED  ${check}: `);
  const repaired = await run(compiledPath("sim/main.ts"), replay);
  expect(repaired.output).toContain("1 seed passed, 0 failed");
}, 240_000);
