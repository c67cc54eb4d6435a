/** `synod import` and `synod export` against a real cluster. */
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../broker/real-broker.ts";
import { waitUntil } from "../support/wait-until.ts";
import {
  DevProcess,
  hasTerminals,
  runOnTerminal,
  runSynod,
  SynodProcess,
} from "./support/synod.ts";
import type { Ended, RunOptions } from "./support/synod.ts";

let directory: string;
let dev: DevProcess;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "synod-transfer-"));
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

async function output(args: readonly string[], options: Partial<RunOptions> = {}): Promise<string> {
  const { code, stdout, stderr } = await synod(args, options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

function path(name: string): string {
  return join(directory, name);
}

function read(name: string): string {
  const bytes = readFileSync(path(name));
  return (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
}

/** One line for each key, `key` being its number. */
function numbered(count: number, value = "x"): string[] {
  return Array.from({ length: count }, (_, at) =>
    JSON.stringify({ key: String(at).padStart(6, "0"), value }),
  );
}

function write(name: string, lines: readonly string[]): void {
  const text = lines.map((line) => `${line}\n`).join("");
  writeFileSync(path(name), name.endsWith(".gz") ? gzipSync(text) : text);
}

async function keysIn(bucket: string): Promise<string[]> {
  const { code, stdout } = await synod(["range", "--keys", "-b", bucket]);
  expect(code).toBe(0);
  return stdout.split("\n").slice(0, -1);
}

describe("what was exported comes back", () => {
  const lines = [
    { key: "text", value: "größer\n" },
    { keyBase64: "/w==", valueBase64: "AP8=" },
    { key: "brief", value: "gone soon", ttlMs: 3_600_000 },
  ];

  test("as it was, with its expiry, over a compressed file or a pipe", async () => {
    const input = lines.map((line) => JSON.stringify(line)).join("\n");
    expect(await output(["import", "-b", "first"], { input })).toMatch(/^3 keys imported: /);
    expect(await output(["export", "first.jsonl.gz", "-b", "first"])).toMatch(/^3 keys exported: /);
    await output(["import", "first.jsonl.gz", "-b", "second"]);
    const piped = await output(["export", "-b", "second"]);
    await output(["import", "-", "-b", "third"], { input: gzipSync(piped) });
    const third = JSON.parse(
      `[${(await output(["export", "-", "-b", "third"])).trim().replaceAll("\n", ",")}]`,
    );
    expect(third).toMatchObject([
      { bucket: "third", key: "brief", value: "gone soon" },
      { key: "text", value: "größer\n" },
      { keyBase64: "/w==", valueBase64: "AP8=" },
    ]);
    const [brief] = third as [{ expires: string }];
    const lifetimeMs = Date.parse(brief.expires) - Date.now();
    expect(lifetimeMs).toBeGreaterThan(3_500_000);
    expect(lifetimeMs).toBeLessThanOrEqual(3_600_000);
  });

  test("what has expired meanwhile does not", async () => {
    write("old.jsonl", ['{"key":"a","value":"x","expires":"2020-01-01T00:00:00Z"}']);
    expect(await output(["import", "old.jsonl", "-b", "old"])).toMatch(
      /^0 keys imported, 1 had expired/,
    );
    expect(await keysIn("old")).toEqual([]);
  });
});

describe("import", () => {
  test("writes many lines, and of several with one key the last", async () => {
    // Some of them fall into one batch.
    write("many.jsonl", [...numbered(5_000), ...numbered(300, "w"), ...numbered(300, "y")]);
    const outcome = JSON.parse(await output(["import", "many.jsonl", "-b", "many", "--json"]));
    expect(outcome).toMatchObject({ imported: 5_600, lines: 5_600, bad: 0, isDone: true });
    expect((await keysIn("many")).length).toBe(5_000);
    const rest = await output([
      "range",
      "-b",
      "many",
      "--raw",
      "--start",
      "000299",
      "--limit",
      "2",
    ]);
    expect(rest).toBe("y\nx\n");
    expect(existsSync(path("many.jsonl.synod-import"))).toBe(false);
  });

  test("--if-absent leaves alone what is there", async () => {
    write("some.jsonl", numbered(2, "new"));
    await output(["put", "000001", "mine", "-b", "absent"]);
    expect(await output(["import", "some.jsonl", "-b", "absent", "--if-absent"])).toMatch(
      /^1 key imported, 1 were there already/,
    );
    expect(await output(["range", "-b", "absent", "--raw"])).toBe("new\nmine\n");
  });

  test("--dry-run finds what is wrong and writes nothing, without a cluster", async () => {
    write("dry.jsonl", [...numbered(2), "{", "", '{"key":"a"}']);
    const args = ["import", "dry.jsonl", "--dry-run", "--on-error", "skip", "-b", "dry"];
    const { code, stdout, stderr } = await synod([...args, "--servers", "nats://127.0.0.1:1"]);
    expect(code).toBe(2);
    expect(stdout).toMatch(/^2 keys would be imported, 2 bad lines/);
    expect(stderr).toMatch(
      /^line 3: it is no JSON.*\nline 5: it needs one of value and valueBase64\n$/,
    );
    expect(await keysIn("dry")).toEqual([]);
  });

  test("stops at a bad line, and goes on with it once it is corrected", async () => {
    const lines = numbered(1_500);
    write("bad.jsonl", lines.with(1_200, "{"));
    const { code, stderr } = await synod(["import", "bad.jsonl", "-b", "bad"]);
    expect(code).toBe(2);
    expect(stderr).toContain("error: line 1201: it is no JSON");
    expect(stderr).toContain("`synod import bad.jsonl --resume` goes on where it stopped");
    expect((await keysIn("bad")).length).toBe(1_200);
    write("bad.jsonl", lines);
    const args = ["import", "bad.jsonl", "-b", "bad", "--resume", "--json"];
    const outcome = JSON.parse(await output(args));
    expect(outcome).toMatchObject({ imported: 1_500, lines: 1_500 });
    // Only the rest was read.
    expect(outcome.bytes).toBe(300 * 7);
    expect((await keysIn("bad")).length).toBe(1_500);
  });

  test("leaves bad lines out and collects them", async () => {
    write("mixed.jsonl", ["{", ...numbered(1), '{"key":7}']);
    const args = ["import", "mixed.jsonl", "-b", "mixed", "--on-error", "skip"];
    const { code, stdout } = await synod([...args, "--rejects", "rejects.jsonl"]);
    expect(code).toBe(2);
    expect(stdout).toMatch(/^1 key imported, 2 bad lines/);
    expect(read("rejects.jsonl")).toBe('{\n{"key":7}\n');
  });

  test.each(["jsonl", "jsonl.gz"])("goes on behind what Ctrl-C left, in a .%s", async (ending) => {
    const [file, bucket] = [`stopped.${ending}`, `stopped-${ending.length}`];
    write(file, numbered(30_000, "x".repeat(100)));
    const running = new SynodProcess(["import", file, "-b", bucket], { directory });
    await waitUntil(
      "the first checkpoint is there",
      () => existsSync(path(`${file}.synod-import`)),
      30_000,
    );
    running.signal("SIGINT");
    const { code, stdout, stderr } = await running.ended;
    expect(code).toBe(130);
    expect(stderr).toContain(`\`synod import ${file} --resume\` goes on`);
    const first = Number(/^([\d,]+) keys/.exec(stdout)?.[1]?.replaceAll(",", ""));
    expect(first).toBeLessThan(30_000);
    const outcome = JSON.parse(await output(["import", file, "-b", bucket, "--resume", "--json"]));
    expect(outcome.imported).toBe(30_000);
    expect(outcome.bytes).toBe((30_000 - first) * 106);
    expect((await keysIn(bucket)).length).toBe(30_000);
    expect(existsSync(path(`${file}.synod-import`))).toBe(false);
  });

  test("a file that is another one now is not gone on with", async () => {
    write("changed.jsonl", [...numbered(10), "{"]);
    await synod(["import", "changed.jsonl", "-b", "changed"]);
    write("changed.jsonl", numbered(20, "other"));
    const { code, stderr } = await synod(["import", "changed.jsonl", "-b", "changed", "--resume"]);
    expect(code).toBe(2);
    expect(stderr).toContain("changed.jsonl is another file now: line 10");
    await output(["import", "changed.jsonl", "-b", "changed"]);
  });

  test("damaged gzip is told from a bad line", async () => {
    const whole = gzipSync(numbered(2_000).join("\n"));
    writeFileSync(path("cut.jsonl.gz"), whole.subarray(0, whole.length - 20));
    const { code, stderr } = await synod(["import", "cut.jsonl.gz", "-b", "cut"]);
    expect(code).toBe(2);
    expect(stderr).toContain("cut.jsonl.gz is damaged or incomplete");
  });

  test.each([
    [["import", "nowhere.jsonl"], 1, "ENOENT"],
    [["import", "--resume"], 2, "--resume needs a file"],
    [["import", "x", "--dry-run", "--resume"], 2, "--dry-run checks all of the file"],
    [["import", "x", "--rejects", "y"], 2, "--rejects collects what --on-error skip leaves out"],
    [["export", "--resume"], 2, "--resume needs a file"],
  ])("%j is refused", async (args, expected, message) => {
    const { code, stderr } = await synod(args, { input: "" });
    expect({ code, stderr }).toEqual({ code: expected, stderr: expect.stringContaining(message) });
  });

  test("a file is not overwritten with its own bad lines", async () => {
    write("own.jsonl", ['{"key":"a","value":"b"}', "{"]);
    symlinkSync(path("own.jsonl"), path("link.jsonl"));
    const before = read("own.jsonl");
    for (const rejects of ["own.jsonl", "./own.jsonl", "link.jsonl"]) {
      const args = ["import", "own.jsonl", "--on-error", "skip", "--rejects", rejects];
      const { code, stderr } = await synod(args);
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("overwrite") });
    }
    expect(read("own.jsonl")).toBe(before);
  });

  test("standard input is not to be gone on with", async () => {
    const { code, stderr } = await synod(["import"], { input: "{\n" });
    expect({ code, resume: stderr.includes("--resume") }).toEqual({ code: 2, resume: false });
  });

  test.skipIf(!hasTerminals)("a terminal sees how far it is", async () => {
    write("seen.jsonl", numbered(3_000));
    const { said, code } = await runOnTerminal(["import", "seen.jsonl", "-b", "seen"], "", {
      directory,
    });
    expect(code).toBe(0);
    expect(said).toMatch(/importing [█░]+ \d+% · /);
    expect(said).toContain("3,000 keys imported");
  });
});

describe("export", () => {
  beforeAll(async () => {
    write("source.jsonl", numbered(3_000, "x".repeat(50)));
    await output(["import", "source.jsonl", "-b", "source"]);
  });

  test("a prefix or a range", async () => {
    const stdout = await output(["export", "-b", "source", "--prefix", "0001", "--end", "000102"]);
    expect(stdout.split("\n").map((line) => line && JSON.parse(line).key)).toEqual([
      "000100",
      "000101",
      "",
    ]);
  });

  test("does not replace a file unasked", async () => {
    writeFileSync(path("mine.jsonl"), "mine");
    const { code, stderr } = await synod(["export", "mine.jsonl", "-b", "source"]);
    expect(code).toBe(2);
    expect(stderr).toContain("whether to replace mine.jsonl");
    expect(read("mine.jsonl")).toBe("mine");
    await output(["export", "mine.jsonl", "-b", "source", "--force"]);
    expect(read("mine.jsonl").split("\n").length).toBe(3_001);
  });

  test.each(["whole.jsonl", "whole.jsonl.gz"])(
    "goes on behind the last whole line of %s",
    async (file) => {
      await output(["export", file, "-b", "source"]);
      const whole = read(file);
      // As a crash leaves it: part of a line, or of compressed data.
      truncateSync(path(file), Math.floor(readFileSync(path(file)).length * 0.6));
      const resumed = ["export", file, "-b", "source", "--resume"];
      expect(await output(resumed)).toMatch(/^1,\d\d\d keys exported/);
      expect(read(file)).toBe(whole);
      expect(await output(resumed)).toMatch(/^0 keys exported/);
      expect(read(file)).toBe(whole);
    },
  );

  test("goes on behind what Ctrl-C left", async () => {
    write("long.jsonl", numbered(20_000));
    await output(["import", "long.jsonl", "-b", "long"]);
    const args = ["export", "long-out.jsonl.gz", "-b", "long"];
    const running = new SynodProcess(args, { directory });
    await waitUntil("the file is there", () => existsSync(path("long-out.jsonl.gz")), 20_000);
    running.signal("SIGINT");
    const { code, stderr } = await running.ended;
    expect({ code, stderr }).toEqual({
      code: 130,
      stderr: "stopped; the same command with --resume goes on\n",
    });
    expect(read("long-out.jsonl.gz").split("\n").length).toBeLessThan(20_000);
    await output([...args, "--resume"]);
    expect(read("long-out.jsonl.gz")).toBe(await output(["export", "-b", "long"]));
  });

  test("does not go on with a file that is about something else", async () => {
    await output(["export", "part.jsonl", "-b", "source", "--prefix", "0001"]);
    for (const other of [
      ["-b", "many"],
      ["-b", "source", "--prefix", "0002"],
    ]) {
      const { code, stderr } = await synod(["export", "part.jsonl", "--resume", ...other]);
      expect(code).toBe(2);
      expect(stderr).toContain("the last line of part.jsonl is not about keys");
    }
    writeFileSync(path("prose.jsonl"), "Once upon a time\n");
    const { stderr } = await synod(["export", "prose.jsonl", "--resume"]);
    expect(stderr).toContain("the last line of prose.jsonl is none of an export");
  });

  test("a reader that goes away early is no failure", async () => {
    const exporting = new SynodProcess(["export", "-b", "source"], { directory });
    exporting.closeOutput();
    expect(await exporting.ended).toMatchObject({ code: 0, stderr: "" });
  });
});
