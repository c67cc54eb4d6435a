/** `synod watch` against a real cluster. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../broker/real-broker.ts";
import { waitUntil } from "../support/wait-until.ts";
import { DevProcess, runSynod, SynodProcess, type Ended } from "./support/synod.ts";

let directory: string;
let dev: DevProcess;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "synod-watch-"));
  dev = new DevProcess(["--ephemeral", "--port", String(await freePort())], { directory });
  await dev.ready();
});
afterAll(async () => {
  dev.signal("SIGTERM");
  await dev.ended;
  rmSync(directory, { recursive: true });
});

function synod(...args: string[]): Promise<Ended> {
  return runSynod(args, { directory });
}

async function put(bucket: string, key: string, value: string): Promise<number> {
  const { stdout } = await synod("put", key, value, "-b", bucket, "--json");
  return (JSON.parse(stdout) as { revision: number }).revision;
}

/** A watch that has begun: it has told what was there. */
async function watching(...args: string[]): Promise<SynodProcess> {
  const watch = new SynodProcess(["watch", ...args], { directory });
  await waitUntil("the watch tells what is there", () => watch.stdout !== "", 20_000);
  return watch;
}

async function tells(watch: SynodProcess, lines: number): Promise<void> {
  await waitUntil(`the watch tells ${lines} lines`, () => {
    return watch.stdout.split("\n").length > lines;
  });
}

test("what is there, and then each change, until Ctrl-C; the cursor goes on behind it", async () => {
  const bucket = "config";
  const first = await put(bucket, "port", "80");
  const watch = await watching("-b", bucket, "--with-current");
  const second = await put(bucket, "port", "a\tb");
  await synod("del", "port", "-b", bucket);
  await tells(watch, 3);
  watch.signal("SIGINT");
  const { code, stdout, stderr } = await watch.ended;
  expect(code).toBe(0);
  const [here, changed, removed, end] = stdout.split("\n");
  expect([here, changed]).toEqual([`PUT\t${first}\tport\t80`, `PUT\t${second}\tport\ta\\tb`]);
  expect(removed).toMatch(/^DEL\t\d+\tport$/);
  expect(end).toBe("");
  const cursor = /^--cursor (\S+) goes on behind the last change$/m.exec(stderr)?.[1] ?? "";
  await put(bucket, "host", "here");
  const more = await synod("watch", "-b", bucket, "--cursor", cursor, "--count", "1", "--json");
  expect(JSON.parse(more.stdout)).toMatchObject({
    operation: "PUT",
    bucket,
    key: "host",
    value: "here",
  });
});

test("keys by pattern and by range, values alone, and from a revision on", async () => {
  const bucket = "kinds";
  const since = await put(bucket, "a.x", "1");
  await put(bucket, "a.y", "2");
  await put(bucket, "b.x", "3");
  const raw = async (...args: string[]): Promise<string> => {
    const { stdout, code } = await synod("watch", "-b", bucket, "--raw", ...args);
    expect(code).toBe(0);
    return stdout;
  };
  expect(await raw("*.x", "--with-current", "--count", "2")).toBe("1\n3\n");
  expect(await raw("--prefix", "a.", "--with-current", "--count", "2")).toBe("1\n2\n");
  expect(await raw("--start", "a.y", "--with-current", "--count", "2")).toBe("2\n3\n");
  expect(await raw("a.>", "--from-revision", String(since + 1), "--count", "1")).toBe("2\n");
});

test("each line of JSON can be gone on behind", async () => {
  const bucket = "steps";
  const first = await put(bucket, "key", "1");
  for (const value of ["2", "3"]) await put(bucket, "key", value);
  const all = ["watch", "-b", bucket, "--json", "--with-cursor", "--count"];
  const { stdout } = await synod(...all, "2", "--from-revision", String(first));
  const [one, two] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect([one.value, two.value]).toEqual(["1", "2"]);
  const next = await synod(...all, "1", "--cursor", one.cursor);
  expect(JSON.parse(next.stdout)).toMatchObject({ value: "2" });
});

test("what is not kept any more is a gap, with a cursor that begins anew", async () => {
  const bucket = "gap";
  await put(bucket, "key", "1");
  const fromTheFirst = () => synod("watch", "-b", bucket, "--from-revision", "1", "--count", "1");
  // A leader gives up history from before the cluster was born within ten seconds.
  let gap = await fromTheFirst();
  for (let tries = 0; tries < 60 && gap.code === 0; tries++) gap = await fromTheFirst();
  expect(gap.code).toBe(1);
  expect(gap.stderr).toContain("WATCH_GAP");
  const cursor = /next: Watch the same keys with --cursor (\S+):/.exec(gap.stderr)?.[1] ?? "";
  const again = await synod("watch", "-b", bucket, "--cursor", cursor, "--count", "1", "--raw");
  expect(again).toMatchObject({ code: 0, stdout: "1\n" });
}, 120_000);

test("removals are left out where they are not wanted", async () => {
  const bucket = "removals";
  await put(bucket, "a", "1");
  const watch = await watching("-b", bucket, "--with-current", "--ignore-deletes");
  await synod("del", "a", "-b", bucket);
  const last = await put(bucket, "a", "2");
  await tells(watch, 2);
  watch.signal("SIGTERM");
  expect((await watch.ended).stdout.split("\n")[1]).toBe(`PUT\t${last}\ta\t2`);
});

test("a node that dies is not noticed", async () => {
  const bucket = "lasting";
  await put(bucket, "key", "0");
  const watch = await watching("-b", bucket, "--with-current");
  for (const [at, node] of ["n1", "n2", "n3"].entries()) {
    const pid = dev.pidOf(node);
    process.kill(pid, "SIGKILL");
    await waitUntil(`${node} was started again`, () => ![0, pid].includes(dev.pidOf(node)));
    const { code } = await synod("put", "key", String(at + 1), "-b", bucket, "--timeout", "20s");
    expect(code).toBe(0);
  }
  await waitUntil("the last change is told", () => watch.stdout.endsWith("\t3\n"), 20_000);
  watch.signal("SIGINT");
  const { stdout } = await watch.ended;
  expect(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.at(-1)),
  ).toEqual(["0", "1", "2", "3"]);
});

test.each([
  [["a", "--prefix", "a"], "says a key and a range"],
  [["--with-cursor"], "--with-cursor needs --json"],
  [["--cursor", "nonsense"], "the cursor is none that a watch had"],
  [["a.>.b"], "`>` stands for the rest and has to come last"],
])("%j is refused", async (args, message) => {
  const { code, stderr } = await synod("watch", ...args);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});
