/** What only a real disk does to a log: it is copied, emptied, flipped and opened twice. */
import {
  closeSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockDirectory, type DirectoryLock } from "../../infra/log-store/directory-lock.ts";
import { openLmdbLogStore, type LmdbLogStore } from "../../infra/log-store/lmdb-log-store.ts";
import type { LogAppend } from "../../machines/record.ts";
import { counting } from "../support/doubles.ts";

let directory = "";
let opened: LmdbLogStore[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "synod-lmdb-log-"));
  opened = [];
});

afterEach(async () => {
  await Promise.all(opened.map((store) => store.close()));
  rmSync(directory, { recursive: true });
});

async function openStore(at = directory, lock?: DirectoryLock): Promise<LmdbLogStore> {
  const store = await openLmdbLogStore({
    directory: at,
    cluster: "demo",
    node: "n1",
    randomness: counting(),
    ...(lock === undefined ? {} : { lock }),
  });
  opened.push(store);
  return store;
}

async function close(store: LmdbLogStore): Promise<void> {
  opened = opened.filter((other) => other !== store);
  await store.close();
}

function append(store: LmdbLogStore, change: LogAppend): Promise<void> {
  return new Promise((resolve, reject) => {
    store.append("g1", change, (failure) => (failure === undefined ? resolve() : reject(failure)));
  });
}

const ballot = { epoch: 1, round: 1, member: 1 };

async function withRecords(count: number): Promise<void> {
  const store = await openStore();
  const records = Array.from({ length: count }, (_, index) => ({
    epoch: 1,
    slot: index + 1,
    ballot,
    entry: Buffer.from(`entry ${index + 1}`),
  }));
  await append(store, { records, chosenThrough: count });
  await close(store);
}

/** Changes stored bytes behind the store's back: `change` is given those of the journal's file that holds the text. */
function tamper(text: string, change: (bytes: Buffer) => void): void {
  const log = join(directory, "log");
  for (const name of readdirSync(log).filter((file) => file.startsWith("journal-"))) {
    const path = join(log, name);
    const bytes = readFileSync(path);
    if (!bytes.includes(text)) continue;
    change(bytes);
    const file = openSync(path, "r+");
    writeSync(file, bytes, 0, bytes.length, 0);
    closeSync(file);
    return;
  }
  throw new Error(`nothing in ${log} holds ${text}`);
}

function flipBitOf(text: string): void {
  tamper(text, (bytes) => {
    const at = bytes.indexOf(text);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
  });
}

async function openWithRecords(count: number): Promise<LmdbLogStore> {
  await withRecords(count);
  return openStore();
}

test("a bit that flips while the store is open is reported, not served", async () => {
  const store = await openWithRecords(3);
  flipBitOf("entry 2");
  expect(store.read("g1", 1, 1, 1, Infinity)).toHaveLength(1);
  expect(() => store.read("g1", 1, 1, 3, Infinity)).toThrow(/fails its checksum/);
});

test("two records that changed places are reported, not served", async () => {
  const store = await openWithRecords(2);
  tamper("entry 1", (bytes) => {
    const [first, second] = [bytes.indexOf("entry 1"), bytes.indexOf("entry 2")];
    // With everything that belongs to them alone: checksum, format, ballot and position lie before the entry.
    const length = 33 + "entry 1".length;
    const [one, two] = [first, second].map((at) =>
      Buffer.from(bytes.subarray(at - 33, at - 33 + length)),
    );
    two?.copy(bytes, first - 33);
    one?.copy(bytes, second - 33);
  });
  expect(() => store.read("g1", 1, 1, 1, Infinity)).toThrow(/fails its checksum/);
});

test.each([1, 2, 3])("a store in which record %i was damaged does not open", async (slot) => {
  await withRecords(3);
  flipBitOf(`entry ${slot}`);
  await expect(openStore()).rejects.toMatchObject({ code: "CORRUPT_STORE" });
});

test("an emptied log beside its identity file is a lost store", async () => {
  await withRecords(1);
  rmSync(join(directory, "log"), { recursive: true, force: true });
  rmSync(join(directory, "log-lock"), { force: true });
  await expect(openStore()).rejects.toMatchObject({ code: "LOST_STORE" });
});

test("a log without its identity file is a lost store once it was started twice", async () => {
  await withRecords(1);
  await close(await openStore());
  rmSync(join(directory, "identity.json"));
  await expect(openStore()).rejects.toMatchObject({ code: "LOST_STORE" });
});

test.each(["", "garbage", "null", "[]", '{"cluster":"demo"}'])(
  "an identity file that holds %j is a corrupt store",
  async (text) => {
    await close(await openStore());
    writeFileSync(join(directory, "identity.json"), text);
    await expect(openStore()).rejects.toMatchObject({ code: "CORRUPT_STORE" });
  },
);

test("a log copied back under its newer identity file is a restored store", async () => {
  await withRecords(1);
  const copy = `${directory}-copy`;
  cpSync(join(directory, "log"), copy, { recursive: true });
  await close(await openStore());
  rmSync(join(directory, "log"), { recursive: true, force: true });
  cpSync(copy, join(directory, "log"), { recursive: true });
  rmSync(copy, { recursive: true });
  await expect(openStore()).rejects.toMatchObject({ code: "RESTORED_STORE" });
});

test("a store remembers its last hundred starts", async () => {
  const starts: number[] = [];
  for (let opening = 0; opening < 102; opening += 1) {
    const store = await openStore();
    starts.unshift(store.identity.start);
    await close(store);
  }
  const store = await openStore();
  expect(store.identity.earlier).toEqual(starts.slice(0, 100));
});

test("another store's log is recognised by its identity", async () => {
  await withRecords(1);
  writeFileSync(
    join(directory, "identity.json"),
    JSON.stringify({ cluster: "demo", node: "n1", member: 424_242, incarnation: 1 }),
  );
  await expect(openStore()).rejects.toMatchObject({ code: "LOST_STORE" });
});

test("a second opening is refused while the first one runs, and names its process", async () => {
  await openStore();
  await expect(openStore()).rejects.toMatchObject({
    code: "STORE_LOCKED",
    message: expect.stringContaining(String(process.pid)) as string,
  });
});

test("a directory locked beforehand is opened, and released when the store is closed", async () => {
  const beforeMs = performance.now();
  const lock = lockDirectory(directory);
  expect(lock.heldSinceMs).toBeGreaterThanOrEqual(beforeMs);
  expect(lock.heldSinceMs).toBeLessThanOrEqual(performance.now());
  const store = await openStore(directory, lock);
  expect(() => lockDirectory(directory)).toThrow(String(process.pid));
  await close(store);
  expect(existsSync(join(directory, "lock"))).toBe(false);
});

test("a directory locked beforehand is released when what is in it cannot be opened", async () => {
  await close(await openStore());
  rmSync(join(directory, "log"), { recursive: true });
  const lock = lockDirectory(directory);
  await expect(openStore(directory, lock)).rejects.toMatchObject({ code: "LOST_STORE" });
  expect(existsSync(join(directory, "lock"))).toBe(false);
});

test("a lock left by a killed process is taken over", async () => {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  writeFileSync(join(directory, "lock"), JSON.stringify({ pid: child.pid, started: "1" }));
  const store = await openStore();
  expect(store.identity.incarnation).toBe(1);
});

test("a lock whose process number now belongs to another process is taken over", async () => {
  writeFileSync(join(directory, "lock"), JSON.stringify({ pid: process.pid, started: "1" }));
  const store = await openStore();
  expect(store.identity.incarnation).toBe(1);
});
