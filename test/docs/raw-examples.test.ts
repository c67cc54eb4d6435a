/** Every example of the documents that speaks raw subjects is run, and says what stands beside it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCluster, type Cluster } from "../cluster/support/cluster.ts";
import { BareNats } from "../support/bare-nats.ts";
import { hasTool, runTool } from "../support/tools.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");
const subjects = readFileSync(join(root, "docs", "subjects.md"), "utf8");
const section = /^## From any language\n([\s\S]*?)^## /m.exec(readme)?.[1] ?? "";

let cluster: Cluster;
let folder: string;
let environment: Record<string, string>;

beforeAll(async () => {
  cluster = await startCluster();
  folder = mkdtempSync(join(tmpdir(), "synod-raw-examples-"));
  const NATS_URL = cluster.broker.url;
  environment = { NATS_URL, HOME: folder, XDG_CONFIG_HOME: folder };
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await cluster.close();
});

interface Example {
  readonly command: string;
  /** What has to be in its output; dots stand for anything. */
  readonly told: string;
}

function blocks(document: string, language: string): readonly string[] {
  const form = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm");
  return [...document.matchAll(form)].map(([, code = ""]) => code);
}

function examplesOf(document: string): readonly Example[] {
  return blocks(document, "sh")
    .flatMap((code) => code.split("\n"))
    .filter((line) => line.startsWith("nats ") && !line.startsWith("nats sub"))
    .map((line) => {
      const [command = "", told = ""] = line.split(/ +# /);
      return { command, told };
    });
}

const examples = [...examplesOf(section), ...examplesOf(subjects)];

function requireTold(output: string, { command, told }: Example): void {
  const pieces = told.split("…").map((piece) => piece.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  expect(output, command).toMatch(new RegExp(pieces.join(".*")));
}

const stockTool = hasTool("nats", "--version");

test("the documents have examples", () => {
  expect(examplesOf(section).length).toBeGreaterThan(5);
  expect(examplesOf(subjects).length).toBeGreaterThan(8);
});

test.runIf(stockTool)(
  "the stock tool runs every example",
  async () => {
    for (const example of examples) {
      const { output } = await runTool("sh", ["-c", example.command], { env: environment });
      expect(output, example.command).not.toContain("nats: error");
      requireTold(output, example);
    }
  },
  60_000,
);

/** The words of a command line, as a shell takes it apart. */
function wordsOf(command: string): readonly string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain = ""]) => quoted ?? plain);
}

test.runIf(!stockTool)("without the stock tool a socket says the same", async () => {
  const nats = await BareNats.connect(cluster.broker.url, "examples");
  for (const example of examples) {
    const [, verb, subject = "", ...rest] = wordsOf(example.command);
    const headers = rest.flatMap((word, at) => (word === "-H" ? [rest[at + 1] ?? ""] : []));
    const named = headers.map((header) => header.split(/: ?/) as [string, string]);
    const body = rest[0] === "-H" ? "" : (rest[0] ?? "");
    const request = { body, headers: Object.fromEntries(named) };
    if (verb === "pub") nats.publish(subject, request);
    if (verb === "micro") await nats.request(`$SRV.${subject === "stats" ? "STATS" : "INFO"}`);
    if (verb !== "req") continue;
    const answer = await nats.request(subject, request);
    const told = [...answer.headers].map(([name, value]) => `${name}: ${value}`);
    requireTold([...told, answer.body.toString()].join("\n"), example);
  }
  nats.close();
});

test.runIf(stockTool)("the script in bash asks until it is answered", async () => {
  const [script = ""] = blocks(subjects, "bash");
  const { output, status } = await runTool("bash", ["-c", script], { env: environment });
  expect([status, output]).toEqual([0, expect.stringMatching(/"value":\d+\}\n$/) as string]);
});

test.runIf(hasTool("python3", "-c", "import nats"))("the program in Python works", async () => {
  const [program = ""] = blocks(subjects, "python");
  const { output } = await runTool("python3", ["-c", program], { env: environment });
  expect(output).toBe("409\nhi\n");
});

/** Of nats.go, which Go fetches: without one the program is left out. */
const goVersion = process.env["SYNOD_TEST_NATS_GO"];

test.runIf(goVersion !== undefined && hasTool("go", "version"))(
  "the program in Go works",
  async () => {
    const [program = ""] = blocks(subjects, "go");
    const own = join(folder, "program.go");
    writeFileSync(own, program);
    const needs = `require github.com/nats-io/nats.go ${goVersion}`;
    writeFileSync(join(folder, "go.mod"), `module example\n\ngo 1.22\n\n${needs}\n`);
    const { HOME: _, ...env } = environment;
    const options = { cwd: folder, env: { ...env, GOFLAGS: "-mod=mod" } };
    const { output } = await runTool("go", ["run", own], options);
    expect(output).toMatch(/^ \{"revision":\d+,"value":\d+\}\n/);
  },
  180_000,
);
