/** What `npm pack` makes, installed in an empty project as a user would, and used there. */
import {
  execFileSync,
  spawn,
  type ChildProcess,
  type ExecFileSyncOptions,
} from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../../infra/broker/free-port.ts";
import { waitUntil } from "../support/wait-until.ts";

interface Packed {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "synod-package-"));
const project = join(folder, "project");
const installed = join(project, "node_modules", "synod");
const left = new Set(["node_modules", "dist", ".git", ".synod", "coverage"]);
let packed: Packed;

beforeAll(() => {
  const sources = join(folder, "sources");
  cpSync(root, sources, {
    recursive: true,
    filter: (path) => !left.has(relative(root, path)),
  });
  symlinkSync(join(root, "node_modules"), join(sources, "node_modules"));
  run(process.execPath, ["scripts/build.mjs"], { cwd: sources });
  const said = run("npm", ["pack", "--json", "--ignore-scripts"], { cwd: sources });
  [packed] = JSON.parse(said) as [Packed];
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module", private: true }));
  const tarball = join(sources, basename(packed.filename));
  const flags = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"];
  run("npm", ["install", ...flags, tarball], { cwd: project });
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Standard output; a failure tells both outputs. */
function run(program: string, args: readonly string[], options: ExecFileSyncOptions): string {
  try {
    return execFileSync(program, args, { ...options, encoding: "utf8", stdio: "pipe" });
  } catch (failure) {
    const { stdout, stderr } = failure as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(" ")} failed\n${stdout}\n${stderr}`, {
      cause: failure,
    });
  }
}

function script(name: string, text: string): string {
  writeFileSync(join(project, name), text);
  return run(process.execPath, [name], { cwd: project });
}

/** A program that goes on until it is asked to end. */
class Running {
  said = "";
  readonly #process: ChildProcess;

  constructor(program: string, args: readonly string[], cwd: string) {
    this.#process = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (this.said += text));
    }
  }

  async end(): Promise<void> {
    const ended = once(this.#process, "close");
    if (this.#process.exitCode !== null) return;
    this.#process.kill("SIGINT");
    await ended;
  }
}

test("it holds what runs, its types, and the files people start servers with; nothing else", () => {
  const paths = packed.files.map(({ path }) => path);
  const unwanted = paths.filter(
    (path) =>
      !/^(dist\/.*\.(js|d\.ts)|docs\/images\/machines\/.*\.svg|[-\w.]+)$/.test(path) &&
      !path.startsWith("dist/web/") &&
      path !== "dist/cli/chunks/licences.txt",
  );
  expect(unwanted).toEqual([]);
  expect(paths.filter((path) => /^dist\/(test|bench|charts|sim\/mutants)\//.test(path))).toEqual(
    [],
  );
  for (const wanted of [
    "README.md",
    "nats.conf",
    "nats-cluster.conf",
    "nats-websocket.conf",
    "topology.yaml",
    "dist/cli/main.js",
    "dist/browser/synod.js",
  ]) {
    expect(paths).toContain(wanted);
  }
  expect(packed.unpackedSize).toBeLessThan(8 * 1024 * 1024);
});

test("each file imports only what is installed with it", async () => {
  const imports = packed.files
    .map(({ path }) => path)
    .filter((path) => path.endsWith(".js") && path !== "dist/browser/synod.js")
    .map((path) => `import "./${path}";`);
  // Resolves every import of every file, and fails with those that lead nowhere.
  await build({
    stdin: { contents: imports.join("\n"), resolveDir: installed },
    absWorkingDir: installed,
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    loader: { ".node": "empty" },
    // Optional accelerators, and programs that need their own files beside them.
    external: ["lmdb", "pino", "xstate", "@msgpackr-extract/*", "bufferutil", "utf-8-validate"],
    logLevel: "error",
  });
});

test("the command works, and knows its version", () => {
  const bin = join(project, "node_modules", ".bin", "synod");
  expect(run(bin, ["--version"], { cwd: project })).toMatch(/^\d+\.\d+\.\d+/);
  expect(run(bin, ["--help"], { cwd: project })).toContain("synod dev");
});

test("the command finds its other files: a cluster runs, takes a key, and is looked at in a page", async () => {
  const bin = join(project, "node_modules", ".bin", "synod");
  const directory = mkdtempSync(join(folder, "dev-"));
  const natsPort = await freePort();
  const pagePort = await freePort();
  const dev = new Running(bin, ["dev", "--nodes", "1", "--port", `${natsPort}`], directory);
  try {
    await waitUntil(
      "the cluster says how it is used",
      () => dev.said.includes("synod put"),
      60_000,
    );
    run(bin, ["put", "greeting", "hello"], { cwd: directory });
    expect(run(bin, ["get", "greeting"], { cwd: directory })).toBe("hello\n");
    const inspect = new Running(bin, ["inspect", "--port", `${pagePort}`], directory);
    try {
      const address = `http://127.0.0.1:${pagePort}/`;
      await waitUntil("the page has an address", () => inspect.said.includes(address), 30_000);
      expect(await (await fetch(address)).text()).toContain("<title>");
    } finally {
      await inspect.end();
    }
  } finally {
    await dev.end();
  }
  expect(dev.said).not.toMatch(/error|Error/);
}, 120_000);

test("whole clusters are simulated by what was installed", () => {
  const bin = join(project, "node_modules", ".bin", "synod");
  const out = join(folder, "seen");
  const options = ["--seeds", "2", "--seed-start", "5", "--faults-ms", "1500", "--clients", "1"];
  const said = run(bin, ["sim", ...options, "--jobs", "2"], { cwd: project });
  expect(said).toMatch(/^2 seeds passed, 0 failed$/m);
  run(bin, ["sim", "--seed", "5", ...options.slice(4), "--out", out], { cwd: project });
  expect(readFileSync(join(out, "chart.svg"), "utf8")).toContain("synod sim --seed 5");
}, 120_000);

test("every door has types that hold under strict settings", () => {
  writeFileSync(
    join(project, "doors.ts"),
    `import { connect, SynodError, type Entry } from "synod";
import { defaultTopology, startDevCluster, startNode, type RunningNode } from "synod/server";
import { forEachSeed, simulatedCluster, type VirtualCluster } from "synod/testing";
import { acceptorMachine, machines } from "synod/machines";

export async function client(): Promise<Entry | null> {
  await using synod = await connect({ servers: "nats://127.0.0.1:4222" });
  const revision: number = await synod.bucket("b").put("k", "v");
  // @ts-expect-error a revision is a number
  const text: string = revision;
  return synod.bucket().get("k" + text);
}
export async function server(): Promise<RunningNode> {
  await using cluster = await startDevCluster({ nodes: 1 });
  // @ts-expect-error a node has a name
  await startNode({ topology: cluster.topology });
  return startNode({ node: "n1", topology: defaultTopology(1, "one") });
}
export async function simulated(): Promise<VirtualCluster> {
  const cluster = await simulatedCluster({ seed: 1 });
  const sum: number = await cluster.run(() => cluster.connect().bucket().increment("n"));
  // @ts-expect-error a node is told by name
  cluster.kill(sum);
  cluster.before("accept", { group: "g1" }, ({ node }) => cluster.kill(node));
  // @ts-expect-error nodes do not say that
  cluster.after("acept", {}, () => undefined);
  await forEachSeed({ seeds: 3 }, async (own) => {
    const keys: number = (await own.check()).keys;
    cluster.runFor(keys).catch(() => undefined);
  });
  return cluster;
}
export const states: readonly string[] = Object.keys(acceptorMachine.config.states ?? {});
export const ids: readonly string[] = machines.map(({ id }) => id);
export const codes: readonly string[] = [new SynodError("TIMEOUT", "late").code];
`,
  );
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module: "NodeNext",
    target: "ES2022",
    lib: ["ES2023", "ESNext.Disposable"],
    types: ["node"],
    typeRoots: [join(root, "node_modules", "@types")],
    // Types of xstate fail by themselves.
    skipLibCheck: true,
  };
  writeFileSync(
    join(project, "tsconfig.json"),
    JSON.stringify({ compilerOptions, files: ["doors.ts"] }),
  );
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  run(process.execPath, [compiler, "-p", project], { cwd: project });
});

test("a cluster is started from a program and used, and nothing of it stays", () => {
  const said = script(
    "use.mjs",
    `import { connect } from "synod";
import { startDevCluster } from "synod/server";
const told = [];
const cluster = await startDevCluster({ nodes: 1, tell: (text) => told.push(text) });
const synod = await connect({ servers: cluster.servers });
await synod.bucket().put("greeting", "hello");
console.log((await synod.bucket().get("greeting")).string());
const pids = Object.values(cluster.processes());
await synod.close();
await cluster.stop();
const alive = pids.filter((pid) => { try { process.kill(pid, 0); return true; } catch { return false; } });
console.log(pids.length, alive.length);
`,
  );
  expect(said).toBe("hello\n2 0\n");
});

test("charts are values that run", () => {
  const said = script(
    "charts.mjs",
    `import { machines } from "synod/machines";
console.log(machines.map(({ id, definition }) => id + " " + Object.keys(definition.states).length).join("\\n"));
`,
  );
  expect(said.trim().split("\n").length).toBeGreaterThanOrEqual(7);
  expect(said).toMatch(/^acceptor [1-9]/m);
});

test("the example of a simulated cluster passes", () => {
  cpSync(join(root, "examples", "testing"), join(project, "testing"), { recursive: true });
  const said = run(process.execPath, ["--test", "testing/seats.test.mjs"], { cwd: project });
  expect(said).toMatch(/pass 2/);
});

test("what the guide to the simulator says runs", () => {
  const guide = readFileSync(join(root, "docs", "simulator.md"), "utf8");
  const programs = [...guide.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, program]) => program ?? "");
  expect(programs).toHaveLength(2);
  const said = programs.map((program, at) => script(`guide-${at}.mjs`, program));
  expect(said).toEqual(["", "1 true\n"]);
});

test("the browser's client is as large as the guide says", () => {
  const bundle = readFileSync(join(installed, "dist", "browser", "synod.js"));
  const guide = readFileSync(join(root, "docs", "client.md"), "utf8");
  const stated = /in one file of (\d+) KB \((\d+) KB compressed\)/
    .exec(guide)
    ?.slice(1)
    .map(Number);
  for (const [index, bytes] of [bundle.length, gzipSync(bundle).length].entries()) {
    const ratio = bytes / 1000 / (stated?.[index] ?? 0);
    expect([ratio > 0.9, ratio < 1.1, bytes]).toEqual([true, true, bytes]);
  }
});

test("bundlers for browsers find the browser's client, which is complete in itself", async () => {
  writeFileSync(
    join(project, "page.js"),
    `import { connect } from "synod"; globalThis.go = connect;`,
  );
  const { metafile } = await build({
    entryPoints: [join(project, "page.js")],
    absWorkingDir: project,
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    logLevel: "error",
  });
  expect(Object.keys(metafile.inputs).sort()).toEqual([
    "node_modules/synod/dist/browser/synod.js",
    "page.js",
  ]);
  expect(existsSync(join(installed, "dist", "browser", "synod.js"))).toBe(true);
});
