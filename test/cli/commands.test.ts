import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../broker/real-broker.ts";
import { isGone, waitUntil } from "../support/wait-until.ts";
import {
  DevProcess,
  hasTerminals,
  runOnTerminal,
  runSynod,
  SynodProcess,
  type Ended,
  type OnTerminal,
  type RunOptions,
} from "./support/synod.ts";

let directory: string;
let dev: DevProcess;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "synod-cli-"));
  dev = new DevProcess(["--ephemeral", "--port", String(await freePort())], { directory });
  await dev.ready();
});
afterAll(async () => {
  dev.signal("SIGTERM");
  await dev.ended;
  rmSync(directory, { recursive: true });
});

function synod(args: readonly string[], options: Partial<RunOptions> = {}): Promise<Ended> {
  return runSynod(args, { directory, ...options });
}

function onTerminal(args: readonly string[], input: string): Promise<OnTerminal> {
  return runOnTerminal(args, input, { directory });
}

/** The output of a command that has to succeed. */
async function output(args: readonly string[], options: Partial<RunOptions> = {}): Promise<string> {
  const { code, stdout, stderr } = await synod(args, options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

describe.concurrent("put and get", () => {
  test("a value comes back as it was put, with a line end", async () => {
    expect(await output(["put", "greeting", "hello"])).toMatch(/^revision \d+\n$/);
    expect(await output(["get", "greeting"])).toBe("hello\n");
  });

  test("without a value, and for -, standard input is stored byte for byte", async () => {
    const bytes = Buffer.from([0, 1, 0xff, 0x0a, 0x41]);
    await output(["put", "bytes"], { input: bytes });
    const raw = await output(["get", "bytes", "--raw"]);
    expect(raw).toBe(bytes.toString("utf8"));
    await output(["put", "line", "-"], { input: "a line\n" });
    expect(await output(["get", "line"])).toBe("a line\n");
  });

  test("--json tells revision and times, and shows what is no text as base64", async () => {
    const put = JSON.parse(
      await output(["put", "session", "-", "--ttl", "10m", "--json"], { input: "\u00ff" }),
    );
    const entry = JSON.parse(await output(["get", "session", "--json"]));
    expect(entry).toMatchObject({ bucket: "default", key: "session", value: "\u00ff", ...put });
    expect(Date.parse(entry.expires) - Date.parse(entry.created)).toBe(600_000);
    await output(["put", "octet"], { input: Buffer.from([0xff]) });
    expect(JSON.parse(await output(["get", "octet", "--json"]))).toMatchObject({
      valueBase64: "/w==",
    });
  });

  test("a key that is not there is exit code 4", async () => {
    const { code, stdout, stderr } = await synod(["get", "nothing"]);
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(stderr).toContain("there is no key nothing in bucket default");
    expect((await synod(["get", "nothing", "--json"])).stdout).toBe("null\n");
  });

  test("a revision that does not hold is exit code 5 and changes nothing", async () => {
    const { revision } = JSON.parse(
      await output(["put", "owner", "me", "--revision", "0", "--json"]),
    );
    const second = await synod(["put", "owner", "you", "--revision", "0"]);
    expect(second.code).toBe(5);
    expect(second.stderr).toContain("CONFLICT, not executed");
    expect(second.stderr).toMatch(/\n {2}next: /);
    expect(await output(["get", "owner"])).toBe("me\n");
    await output(["put", "owner", "you", "--revision", String(revision)]);
    expect(await output(["get", "owner", "--stale"])).toMatch(/^(me|you)\n$/);
  });

  test("buckets keep keys apart", async () => {
    await output(["put", "same", "one", "--bucket", "first"]);
    await output(["put", "same", "two", "-b", "second"]);
    expect(await output(["get", "same", "-b", "first"])).toBe("one\n");
  });
});

test.concurrent("del removes a key, and does not mind when there is none", async () => {
  await output(["put", "doomed", "x"]);
  expect(await output(["del", "doomed"])).toMatch(/^deleted, revision \d+\n$/);
  expect(await output(["del", "doomed"])).toBe("there was no such key\n");
  expect(JSON.parse(await output(["del", "doomed", "--json"]))).toMatchObject({ existed: false });
});

describe("del of a range", () => {
  const bucket = "doomed";
  const keys = () => output(["range", "-b", bucket, "--keys"]);
  beforeAll(async () => {
    const ops = ["a:1", "a:2", "b:1", "b:2"].map((key) => ({ op: "put", key, value: "x" }));
    await output(["txn", "-b", bucket, JSON.stringify({ ops })]);
  });

  test("is refused where nobody can be asked, unless forced", async () => {
    const { code, stderr } = await synod(["del", "--prefix", "a:", "-b", bucket]);
    expect(code).toBe(2);
    expect(stderr).toContain("whether to remove 2 keys with prefix a: in bucket doomed");
    expect(stderr).toContain("next: Pass --force");
    expect(await output(["del", "--prefix", "a:", "-b", bucket, "--force"])).toBe(
      "2 keys deleted\n",
    );
    expect(await keys()).toBe("b:1\nb:2\n");
  });

  test.skipIf(!hasTerminals)("asks on a terminal, and takes only a yes for one", async () => {
    const del = ["del", "--start", "b:2", "-b", bucket];
    const no = await onTerminal(del, "\n");
    expect(no.said).toContain("Remove 1 key from b:2 on in bucket doomed? [y/N]");
    expect(no.said).toContain("nothing was removed");
    expect(no.code).toBe(1);
    const yes = await onTerminal(del, "y\n");
    expect(yes.said).toContain("1 key deleted");
    expect(yes.code).toBe(0);
    expect(await keys()).toBe("b:1\n");
  });

  test("all of a bucket; nothing there needs no question", async () => {
    const all = ["del", "--all", "-b", bucket, "--json"];
    expect(await output([...all, "--force"])).toBe('{"deleted":1}\n');
    expect(await output(all)).toBe('{"deleted":0}\n');
  });

  test.each([
    [["del"], "says neither a key nor a range"],
    [["del", "a", "--prefix", "a"], "says a key and a range"],
    [["del", "--prefix", "a", "--revision", "1"], "says a range and --revision"],
    [["del", "--prefix", "a", "--all"], "says --all and part of it"],
  ])("%j is refused", async (args, message) => {
    const { code, stderr } = await synod(args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

test.concurrent("incr adds, by one or by what is said, and refuses what is no number", async () => {
  expect(await output(["incr", "visits"])).toBe("1\n");
  expect(await output(["incr", "visits", "10"])).toBe("11\n");
  expect(await output(["incr", "visits", "-4"])).toBe("7\n");
  await output(["put", "word", "hello"]);
  const { code, stderr } = await synod(["incr", "word"]);
  expect(code).toBe(1);
  expect(stderr).toContain("NOT_A_NUMBER, not executed");
});

describe.concurrent("range", () => {
  beforeAll(async () => {
    const ops = ["a", "b", "c"].map((key) => ({ op: "put", key, value: `value ${key}` }));
    await output(["txn", "-b", "letters", JSON.stringify({ ops })]);
    await output(["put", "d", "-", "-b", "letters"], { input: "two\nlines\t" });
  });

  test("a line for each key, with what does not print escaped", async () => {
    expect(await output(["range", "-b", "letters"])).toBe(
      "a\tvalue a\nb\tvalue b\nc\tvalue c\nd\ttwo\\nlines\\t\n",
    );
  });

  test("bounds, order and number can be chosen", async () => {
    const range = (...flags: string[]) => output(["range", "-b", "letters", "--keys", ...flags]);
    expect(await range("--start", "b", "--end", "d")).toBe("b\nc\n");
    expect(await range("--reverse", "--limit", "2")).toBe("d\nc\n");
    expect(await range("--prefix", "c")).toBe("c\n");
  });

  test("as JSON, and as bare values", async () => {
    const json = await output(["range", "-b", "letters", "--json", "--limit", "1"]);
    expect(JSON.parse(json)).toMatchObject({ bucket: "letters", key: "a", value: "value a" });
    expect(await output(["range", "-b", "letters", "--raw", "--prefix", "d"])).toBe(
      "two\nlines\t\n",
    );
  });

  test("nothing there is said on the side", async () => {
    const { code, stdout, stderr } = await synod(["range", "--bucket", "empty"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toContain("no keys there in bucket empty");
  });
});

describe("txn", () => {
  const transfer = {
    checks: [{ key: "balance:a", exists: false }],
    ops: [
      { op: "put", key: "balance:a", value: "5" },
      { op: "increment", key: "balance:b", delta: 5 },
      { op: "get", key: "balance:c" },
      { op: "delete", key: "balance:d" },
    ],
  };

  test("operations take effect together, from the command line, a file or standard input", async () => {
    const stdout = await output(["txn", JSON.stringify(transfer)]);
    expect(stdout).toMatch(
      /^put default\/balance:a\nincrement default\/balance:b: 5\nget default\/balance:c: no such key\ndelete default\/balance:d: there was no such key\nrevision \d+\n$/,
    );
    expect(await output(["get", "balance:b"])).toBe("5\n");
    const text = '{"ops":[{"op":"get","key":"balance:a"}]}';
    writeFileSync(join(directory, "read.json"), text);
    const fromFile = JSON.parse(await output(["txn", "-f", "read.json", "--json"]));
    expect(fromFile.results[0]).toMatchObject({ op: "get", entry: { value: "5" } });
    expect(await output(["txn"], { input: text })).toContain("get default/balance:a: 5\n");
  });

  test("a check that does not hold is exit code 5, and nothing is changed", async () => {
    const { code, stderr } = await synod(["txn", JSON.stringify(transfer)]);
    expect(code).toBe(5);
    expect(stderr).toContain("check 1 of the transaction");
    expect(await output(["get", "balance:b"])).toBe("5\n");
  });

  test("keys in several store groups are refused", async () => {
    const ops = ["a", "k"].map((key) => ({ op: "put", key, value: "1" }));
    const { code, stderr } = await synod(["txn", JSON.stringify({ ops })]);
    expect(code).toBe(1);
    expect(stderr).toContain("CROSS_GROUP_TRANSACTION, not executed");
  });
});

describe("status and regions", () => {
  test("status shows nodes, replicas and regions, and that nothing is wrong", async () => {
    const stdout = await output(["status", "--check"]);
    expect(stdout).toMatch(new RegExp(`^n1 +serving +${dev.pidOf("n1")} `, "m"));
    expect(stdout).toMatch(/^meta +n1 +(leader|follower) +\d/m);
    expect(stdout).toMatch(/^1 +\(first key\) +default\/i +g1 +n\d$/m);
    expect(stdout).toContain("No issues.");
  });

  test("both speak JSON", async () => {
    const status = JSON.parse(await output(["status", "--json"]));
    expect(status.issues).toEqual([]);
    expect(status.nodes.map(({ node }: { node: string }) => node)).toEqual(["n1", "n2", "n3"]);
    const regions = JSON.parse(await output(["regions", "--json"]));
    expect(regions.regions[1]).toMatchObject({ start: "default/i", end: "default/r", group: "g2" });
  });

  test("regions shows who serves which keys", async () => {
    expect(await output(["regions"])).toMatch(/^3 +default\/r +\(last key\) +g1 +n\d$/m);
  });

  test("without a quorum status says what is missing, and writes fail truthfully", async () => {
    const stopped = [dev.pidOf("n1"), dev.pidOf("n2")];
    for (const pid of stopped) process.kill(pid, "SIGSTOP");
    try {
      let status = await synod(["status", "--check", "--timeout", "300ms"]);
      // Its lease lasts a moment longer than the majority.
      for (let tries = 0; tries < 20 && !status.stdout.includes("NO_QUORUM"); tries++) {
        status = await synod(["status", "--check", "--timeout", "300ms"]);
      }
      expect(status.stdout).toMatch(/^NO_QUORUM {2}group g1 has no leader: 1 of its 3 members/m);
      expect(status.stdout).toMatch(/^NO_ANSWER {2}n1 does not answer$/m);
      expect(status.code).toBe(1);
      const put = await synod(["put", "greeting", "no", "--timeout", "500ms"]);
      expect([1, 3]).toContain(put.code);
      expect(put.stderr).toContain(put.code === 1 ? "not executed" : "outcome unknown");
      expect(await output(["get", "greeting", "--stale"])).toBe("hello\n");
    } finally {
      for (const pid of stopped) process.kill(pid, "SIGCONT");
    }
  });
});

test("status looks again and again until Ctrl-C", async () => {
  const status = new SynodProcess(["status", "--watch", "50ms", "--json"], { directory });
  await waitUntil("two looks were taken", () => status.stdout.split("\n").length > 2);
  status.signal("SIGINT");
  const { code, stdout, stderr } = await status.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  for (const line of stdout.trim().split("\n")) expect(JSON.parse(line)).toHaveProperty("groups");
});

describe.concurrent("what is wrong is said", () => {
  test("a command line that is not understood is exit code 2", async () => {
    const { code, stdout, stderr } = await synod(["range", "--limit", "x"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^error: .*--limit.*Write a whole number/);
    expect(stderr).toContain("--help");
  });

  test("so are keys, buckets and transactions that cannot be", async () => {
    const wrong = [
      ["put", "", "x"],
      ["get", "a", "-b", "a.b"],
      ["txn", "{}"],
    ];
    const ended = await Promise.all(wrong.map((args) => synod(args)));
    for (const { code, stderr } of ended) {
      expect(code).toBe(2);
      expect(stderr).toMatch(/^error: .* \(BAD_\w+, not executed\)\n {2}next: /);
    }
  });

  test("a value that is too large, even on an endless input", async () => {
    const { code, stderr } = await synod(["put", "large"], { input: Buffer.alloc(600 * 1024) });
    expect(code).toBe(1);
    expect(stderr).toContain("VALUE_TOO_LARGE, not executed");
  });

  test.skipIf(!existsSync("/dev/full"))("an output that takes nothing", async () => {
    const full = openSync("/dev/full", "w");
    const { code, stderr } = await synod(["put", "unsaid", "x"], { output: full });
    closeSync(full);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^error: the output cannot be written: ENOSPC.*\n {2}next: .*\n$/);
  });

  test("a server that takes the connection and says nothing", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const { code, stderr } = await synod(["get", "a", "--servers", `nats://127.0.0.1:${port}`]);
    expect(code).toBe(1);
    expect(stderr).toContain("nobody answered in time (NOT_CONNECTED, not executed)");
    silent.close();
  });

  test("with --json an error is an object", async () => {
    const { code, stdout, stderr } = await synod(["put", "", "x", "--json"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: "BAD_KEY", outcome: "not executed", retryable: false },
    });
  });

  test("a server that is not there, and who named it", async () => {
    const port = await freePort();
    const environment = { NATS_URL: `nats://127.0.0.1:${port}` };
    const { code, stderr } = await synod(["get", "greeting"], { environment });
    expect(code).toBe(1);
    expect(stderr).toContain(`no connection to NATS at nats://127.0.0.1:${port} (from NATS_URL)`);
    expect(stderr).toContain("NOT_CONNECTED");
  });
});

test("a reader that goes away early is no failure", async () => {
  const range = new SynodProcess(["range", "--json"], { directory });
  range.closeOutput();
  const { code, stderr } = await range.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});

test("what is ephemeral leaves nothing behind", async () => {
  const { directory: data, processes } = dev.note();
  dev.signal("SIGINT");
  expect((await dev.ended).code).toBe(0);
  expect(Object.values(processes).filter((pid) => !isGone(pid))).toEqual([]);
  expect(() => rmSync(data)).toThrow("ENOENT");
});
