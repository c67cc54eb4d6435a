/** What a power failure leaves, by a program that writes to files and is killed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DiskControl } from "./disk-control.ts";
import { compileDiskLibrary } from "./disk-library.ts";
import { failPower, type PowerFailure } from "./power-failure.ts";

const directory = mkdtempSync(join(tmpdir(), "synod-disk-"));
const library = compileDiskLibrary(directory);
const dataDirectory = join(directory, "data");
const journals = join(directory, "journals");
const file = join(dataDirectory, "pages");
let control: DiskControl;

beforeAll(() => {
  control = new DiskControl(join(directory, "control"));
});
beforeEach(() => {
  for (const folder of [dataDirectory, journals]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
  }
  control.failFlushes(false);
  writeFileSync(file, "aaaabbbb");
});
afterAll(() => {
  control.close();
  rmSync(directory, { recursive: true, force: true });
});

const before = `
const fs = require("node:fs");
const file = ${JSON.stringify(file)};
const plain = fs.openSync(file, "r+");
const durable = fs.openSync(file, fs.constants.O_WRONLY | fs.constants.O_DSYNC);
const write = (descriptor, text, at) => fs.writeSync(descriptor, Buffer.from(text), 0, text.length, at);
`;
const after = `process.kill(process.pid, "SIGKILL");`;

/** Answers with what it wrote to its standard output. */
async function run(script: string): Promise<string> {
  const environment = {
    LD_PRELOAD: library,
    TORTURE_CONTROL: control.path,
    TORTURE_DATA: `${dataDirectory}/`,
    TORTURE_JOURNALS: journals,
  };
  const child = spawn(process.execPath, ["-e", `${before}${script}\n${after}`], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (bytes) => {
    said += String(bytes);
  });
  const [, signal] = (await once(child, "exit")) as [unknown, string | null];
  expect(signal).toBe("SIGKILL");
  return said;
}

function losePower(keeps: () => boolean = () => false): PowerFailure {
  return failPower(dataDirectory, journals, keeps);
}

function content(): string {
  return readFileSync(file, "utf8");
}

describe.runIf(library !== undefined)("a power failure", () => {
  test("undoes what was written since the last flush, in the middle and at the end of the file", async () => {
    await run(`write(plain, "1111", 2); fs.fdatasyncSync(plain); write(plain, "222222", 4);`);
    expect(content()).toBe("aa11222222");
    expect(losePower()).toEqual({ undoneWrites: 1, keptWrites: 0 });
    expect(content()).toBe("aa1111bb");
  });

  test("undoes the writes of several processes that flushed nothing", async () => {
    await run(`write(plain, "1111", 0);`);
    await run(`write(plain, "22", 2);`);
    expect(content()).toBe("1122bbbb");
    losePower();
    expect(content()).toBe("aaaabbbb");
  });

  test("leaves a write that was durable by itself, and nothing of what lies beside it", async () => {
    await run(`write(plain, "111111", 0); write(durable, "22", 2); write(plain, "3", 2);`);
    expect(content()).toBe("113211bb");
    losePower();
    expect(content()).toBe("aa22bbbb");
  });

  test("may leave any part of what was not flushed", async () => {
    await run(`write(plain, "1", 0); write(plain, "2", 1); write(plain, "3", 2);`);
    let asked = 0;
    expect(losePower(() => asked++ === 1)).toEqual({ undoneWrites: 2, keptWrites: 1 });
    expect(content()).toBe("a2aabbbb");
  });

  test("undoes what a flush that failed was to save", async () => {
    control.failFlushes(true);
    const script = `write(plain, "1111", 0); try { fs.fdatasyncSync(plain); } catch (failure) { console.log(failure.code); }`;
    expect(await run(script)).toBe("EIO\n");
    expect(control.flushes.failed).toBe(1);
    losePower();
    expect(content()).toBe("aaaabbbb");
  });

  test("takes nothing away after a flush of everything, however much was written", async () => {
    const script = `for (let turn = 0; turn < 600; turn++) write(plain, "x".repeat(4096), 0);
      fs.fsyncSync(plain); write(plain, "y", 0); fs.fdatasyncSync(plain);`;
    await run(script);
    expect(losePower()).toEqual({ undoneWrites: 0, keptWrites: 0 });
    expect(content()).toBe(`y${"x".repeat(4095)}`);
  });
});

describe.runIf(library !== undefined)("a disk under control", () => {
  test("is as slow as it is told to be", async () => {
    control.delayFlushes(200);
    const before = control.flushes;
    const script = `const from = performance.now(); fs.fdatasyncSync(plain); console.log(performance.now() - from);`;
    expect(Number(await run(script))).toBeGreaterThan(190);
    control.delayFlushes(0);
    expect(control.flushes.delayed).toBe(before.delayed + 1);
  });

  test("has a clock that jumps, and one that does not", async () => {
    control.jumpClock(3_600_000);
    const script = `const wall = Date.now(); console.log(wall, require("node:os").uptime(), performance.now() < 60_000);`;
    const [wall = "", , steady] = (await run(script)).trim().split(" ");
    control.jumpClock(-3_600_000);
    expect(Number(wall) - Date.now()).toBeGreaterThan(3_500_000);
    expect(steady).toBe("true");
  });
});
