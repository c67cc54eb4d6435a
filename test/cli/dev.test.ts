import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeProgram } from "../broker/fake-programs.ts";
import { freePort } from "../broker/real-broker.ts";
import { isGone, waitUntil } from "../support/wait-until.ts";
import { DevProcess, runSynod } from "./support/synod.ts";

let directory: string;
let port: number;
let dev: DevProcess;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "synod-cli-"));
  port = await freePort();
  dev = new DevProcess(["--port", String(port)], { directory });
  await dev.ready();
  await runSynod(["put", "greeting", "hello"], { directory });
});
afterAll(async () => {
  dev.signal("SIGKILL");
  await dev.ended;
  rmSync(directory, { recursive: true });
});

test("a table shows nodes, groups with their leaders, and regions", () => {
  for (const node of ["n1", "n2", "n3"]) {
    expect(dev.stdout).toMatch(new RegExp(`^${node} +serving +zone=. +\\d+`, "m"));
  }
  for (const group of ["meta", "g1", "g2"]) {
    expect(dev.stdout).toMatch(new RegExp(`^${group} +n[123] +n[123] n[123] n[123]$`, "m"));
  }
  expect(dev.stdout).toMatch(/^1 +\(first key\) +default\/i +g1 +n[123]$/m);
  expect(dev.stdout).toMatch(/^3 +default\/r +\(last key\) +g1 +n[123]$/m);
});

test("passwords are kept where only their owner reads them", () => {
  const { mode } = statSync(join(directory, ".synod", "demo", "passwords.json"));
  expect(mode & 0o077).toBe(0);
});

test("a second one on the same data is refused, and says what to do", async () => {
  const second = await runSynod(["dev", "--port", String(await freePort())], { directory });
  expect(second.code).toBe(1);
  expect(second.stderr).toMatch(/process \d+ already uses .*demo \(STORE_LOCKED\)\n {2}next: /);
});

test("a busy port is an error that names --port", async () => {
  const second = await runSynod(["dev", "--ephemeral", "--port", String(port)], { directory });
  expect(second.code).toBe(1);
  expect(second.stderr).toContain(`127.0.0.1:${port} is taken`);
  expect(second.stderr).toContain("PORT_IN_USE");
  expect(second.stderr).toContain("--port");
});

test("Ctrl-C while nats-server is still looked for leaves no directory behind", async () => {
  const folder = mkdtempSync(join(tmpdir(), "synod-cli-early-"));
  const started = join(folder, "started");
  const broker = writeProgram(join(folder, "nats-server"), `touch "${started}"; exec sleep 60`);
  const temporary = join(folder, "temporary");
  mkdirSync(temporary);
  const environment = { SYNOD_NATS_SERVER: broker, TMPDIR: temporary };
  const early = new DevProcess(["--ephemeral"], { directory: folder, environment });
  await waitUntil("nats-server is asked for its version", () => existsSync(started));
  expect(readdirSync(temporary)).toHaveLength(1);
  early.signal("SIGINT");
  expect((await early.ended).code).toBe(130);
  expect(readdirSync(temporary)).toEqual([]);
  rmSync(folder, { recursive: true });
});

test("a node that is killed is started again, and nothing is lost", async () => {
  const first = dev.pidOf("n2");
  process.kill(first, "SIGKILL");
  await dev.says("n2 ended (killed by SIGKILL); starting it again in 0.1 s");
  await dev.says("n2 serves again");
  expect(dev.pidOf("n2")).not.toBe(first);
  expect(await storedGreeting()).toBe("hello\n");
});

test("a broker that is killed is started again", async () => {
  const first = dev.pidOf("nats-server");
  process.kill(first, "SIGKILL");
  await dev.says("nats-server ended (killed by SIGKILL); starting it again in 0.1 s");
  await dev.says("nats-server runs again");
  await waitUntil("another nats-server in the note", () => dev.pidOf("nats-server") !== first);
  expect(await storedGreeting()).toBe("hello\n");
});

test("Ctrl-C ends every process and keeps the data; a second start goes on with it", async () => {
  const pids = Object.values(dev.note().processes);
  expect(pids).toHaveLength(4);
  dev.signal("SIGINT");
  const { code, stderr } = await dev.ended;
  expect(code).toBe(0);
  expect(stderr).toContain("stopped; the data stays in");
  expect(pids.filter((pid) => !isGone(pid))).toEqual([]);
  expect(existsSync(join(directory, ".synod", "dev.json"))).toBe(false);
  dev = new DevProcess(["--port", String(port)], { directory });
  await dev.ready();
  expect(await storedGreeting()).toBe("hello\n");
});

test("a second Ctrl-C does not wait", async () => {
  const pids = Object.values(dev.note().processes);
  // It cannot hand over and write checkpoints while it is stopped.
  for (const pid of pids) process.kill(pid, "SIGSTOP");
  dev.signal("SIGINT");
  await dev.says("Ctrl-C again ends them at once");
  await waitUntil("the second Ctrl-C is taken for one", () => {
    dev.signal("SIGINT");
    return pids.every((pid) => isGone(pid));
  });
  expect((await dev.ended).code).toBe(130);
});

test("a node whose log is lost says so, and the others go on", async () => {
  rmSync(join(directory, ".synod", "demo", "n3", "log"), { recursive: true });
  dev = new DevProcess(["--port", String(port)], { directory });
  await dev.ready();
  expect(dev.stderr).toMatch(/^n3: .*LOST_STORE/m);
  expect(dev.stdout).toMatch(/^n3 +LOST_STORE/m);
  expect(await storedGreeting()).toBe("hello\n");
  const status = await runSynod(["status", "--check"], { directory });
  expect(status.stdout).toMatch(/^LOST_STORE {2}n3 takes no part: /m);
  expect(status.code).toBe(1);
});

test("none of its processes outlives it, even when it is killed", async () => {
  const pids = Object.values(dev.note().processes);
  dev.signal("SIGKILL");
  await waitUntil("all processes are gone", () => pids.every((pid) => isGone(pid)));
});

async function storedGreeting(): Promise<string> {
  const { stdout } = await runSynod(["get", "greeting"], { directory });
  return stdout;
}
