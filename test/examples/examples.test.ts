/** Every program in examples/, run as its first lines say, against a cluster of real processes. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../broker/real-broker.ts";
import { DevProcess, runSynod } from "../cli/support/synod.ts";
import { hasTool, runTool } from "../support/tools.ts";
import { waitUntil } from "../support/wait-until.ts";
import { compileExample, installExample, RunningExample } from "./support/project.ts";

let directory: string;
let dev: DevProcess;
let server: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "synod-examples-"));
  const port = await freePort();
  server = `nats://127.0.0.1:${port}`;
  dev = new DevProcess(["--ephemeral", "--port", String(port)], { directory });
  await dev.ready();
});
afterAll(async () => {
  dev.signal("SIGTERM");
  await dev.ended;
  rmSync(directory, { recursive: true });
});

async function synod(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runSynod(args, { directory });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

function started(example: string, ...args: string[]): RunningExample {
  return new RunningExample(join(directory, example), args, server);
}

describe("config-watch", () => {
  let program: string;
  beforeAll(() => {
    program = compileExample(installExample("config-watch", directory), "settings.ts");
  });

  test("settings follow the store, and stay right when what is written is not", async () => {
    const put = (key: string, value: string) => synod("put", "-b", "config", key, value);
    await put("shop.port", "9000");
    await put("other.port", "1");
    const service = started("config-watch", program, "shop");
    await service.says('shop: {"port":9000,"logLevel":"info","greeting":"hello"}');
    await put("shop.logLevel", "debug");
    await service.says('shop: {"port":9000,"logLevel":"debug","greeting":"hello"}');
    await put("shop.port", "many");
    await service.says("port stays 9000: a port is a number from 1 to 65535");
    await synod("del", "-b", "config", "shop.port");
    await service.says('shop: {"port":8080,"logLevel":"debug","greeting":"hello"}');
    expect(service.output).not.toContain('"port":1,');
    service.signal("SIGTERM");
    expect(await service.ended).toBe(0);
  });

  test("a service without settings has the defaults", async () => {
    const service = started("config-watch", program, "empty");
    await service.says('empty: {"port":8080,"logLevel":"info","greeting":"hello"}');
    service.signal("SIGTERM");
    expect(await service.ended).toBe(0);
  });
});

test("counter: several processes count together and lose nothing", async () => {
  installExample("counter", directory);
  const counting = [1, 2, 3].map(() => started("counter", "counter.mjs", "hits", "200"));
  expect(await Promise.all(counting.map(({ ended }) => ended))).toEqual([0, 0, 0]);
  for (const { output } of counting)
    expect(output).toMatch(/^hits is \d+, 200 of them added here$/m);
  expect(await synod("get", "hits", "-b", "counters")).toBe("600\n");
});

test("lock: one at a time, and who comes back too late is refused", async () => {
  installExample("lock", directory);
  const alice = started("lock", "worker.mjs", "alice");
  await alice.says("alice has the lock");
  alice.signal("SIGSTOP");
  const bob = started("lock", "worker.mjs", "bob");
  try {
    // Alice's lock expires, and somebody else works with a newer token.
    await bob.says("bob has written", 30_000);
    alice.signal("SIGCONT");
    await alice.says(/alice was refused: token \d+ is older than \d+/);
  } finally {
    for (const worker of [alice, bob]) worker.signal("SIGKILL");
  }
  await Promise.all([alice.ended, bob.ended]);
  const written = await synod("range", "-b", "jobs", "--prefix", "ledger.0", "--raw");
  expect(written).toMatch(/^(by (alice|bob)\n)+$/);
});

test("election: another one leads when the leader dies", async () => {
  installExample("election", directory);
  const names = ["alice", "bob"];
  const services = names.map((name) => started("election", "service.mjs", name));
  const leads = (): number => services.findIndex(({ output }) => output.includes("leads, term"));
  await waitUntil("one of them leads", () => leads() >= 0, 20_000);
  const [leader, other] = [leads(), 1 - leads()];
  expect(services[other]?.output).toBe("");
  expect(await synod("get", "scheduler", "-b", "services")).toBe(`${names[leader]}\n`);
  services[leader]?.signal("SIGKILL");
  await services[other]?.says(`${names[other]} leads, term`, 30_000);
  services[other]?.signal("SIGTERM");
  expect(await services[other]?.ended).toBe(0);
  expect(services[other]?.output).toContain(`${names[other]} leads no more`);
});

const python = "python3";
/** With what brings a package into an environment of its own. */
const hasPython = hasTool(python, "-c", "import venv, ensurepip");

test.skipIf(!hasPython)(
  "python: nats-py is all it takes",
  async ({ skip }) => {
    const environment = join(directory, "venv");
    expect((await runTool(python, ["-m", "venv", environment])).status).toBe(0);
    const pip = join(environment, "bin", "pip");
    const installed = await runTool(pip, ["install", "-q", "--retries", "1", "nats-py==2.9.0"]);
    // Only CI promises a way to the package index.
    if (installed.status !== 0 && process.env["SYNOD_REQUIRE_LANGUAGES"] === undefined) skip();
    expect(installed).toMatchObject({ status: 0 });
    const example = join(installExample("python", directory), "example.py");
    const program = join(environment, "bin", "python");
    const { status, output } = await runTool(program, [example], { env: { NATS_URL: server } });
    expect({ status, lines: output.trim().split("\n") }).toEqual({
      status: 0,
      lines: [
        "greeting: größer True",
        expect.stringMatching(/^refused: CONFLICT: /),
        "visits: 3 keys: ['greeting', 'visits']",
      ],
    });
  },
  180_000,
);

test.skipIf(!hasTool("go", "version"))(
  "go: nats.go is all it takes",
  async ({ skip }) => {
    const example = installExample("go", directory);
    const env = { GOFLAGS: "-mod=mod", GOTOOLCHAIN: "local", NATS_URL: server };
    const built = await runTool("go", ["build", "-o", "example", "."], { cwd: example, env });
    const isOffline = /proxy\.golang\.org|no such host|connection refused/.test(built.output);
    if (isOffline && process.env["SYNOD_REQUIRE_LANGUAGES"] === undefined) skip();
    expect(built).toMatchObject({ status: 0 });
    const { status, output } = await runTool(join(example, "example"), [], { env });
    expect({ status, lines: output.trim().split("\n") }).toEqual({
      status: 0,
      lines: [
        expect.stringMatching(/^put: {"revision":\d+}$/),
        "get: hello",
        expect.stringMatching(/^refused: CONFLICT: /),
        expect.stringMatching(/^visits: {"revision":\d+,"value":5}$/),
        expect.stringMatching(/^range: {"entries":\[{"key":"greeting",.*"key":"visits"/),
      ],
    });
  },
  180_000,
);
