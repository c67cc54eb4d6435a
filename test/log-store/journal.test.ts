/** What a log holds after its process was killed between any two writes, or in the middle of one. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
  closeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { blockBytes } from "../../infra/log-store/journal/frame-format.ts";
import { prepareFile } from "../../infra/log-store/journal/prepared-file.ts";
import { LogEnvironment } from "../../infra/log-store/log-environment.ts";
import { openLmdbLogStore, type LmdbLogStore } from "../../infra/log-store/lmdb-log-store.ts";
import { encodeRecord, recordKey } from "../../infra/log-store/record-format.ts";
import { systemRandomness } from "../../infra/randomness/system-randomness.ts";
import type { LogAppend, LogRecord } from "../../machines/record.ts";
import { waitUntil } from "../support/wait-until.ts";

const segmentBytes = 4 * blockBytes;
let root = "";
let copies = 0;
let opened: LmdbLogStore[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "synod-journal-"));
  copies = 0;
  opened = [];
});

afterEach(async () => {
  await Promise.all(opened.map((store) => store.close()));
  rmSync(root, { recursive: true });
});

async function openStore(directory: string, bytes = segmentBytes): Promise<LmdbLogStore> {
  const store = await openLmdbLogStore({
    directory,
    cluster: "demo",
    node: "n1",
    randomness: systemRandomness,
    segmentBytes: bytes,
  });
  opened.push(store);
  return store;
}

async function close(store: LmdbLogStore): Promise<void> {
  opened = opened.filter((other) => other !== store);
  await store.close();
}

/** What the disk holds at this moment, as a kill would leave it. */
function killed(directory: string): string {
  copies += 1;
  const copy = join(root, `copy${copies}`);
  cpSync(directory, copy, { recursive: true });
  rmSync(join(copy, "lock"), { force: true });
  return copy;
}

function record(slot: number, entry: string, round = 1): LogRecord {
  return { epoch: 1, slot, ballot: { epoch: 1, round, member: 7 }, entry: Buffer.from(entry) };
}

function append(store: LmdbLogStore, group: string, change: LogAppend): Promise<void> {
  return new Promise((resolve, reject) => {
    store.append(group, change, (failure) => (failure === undefined ? resolve() : reject(failure)));
  });
}

function entries(store: LmdbLogStore, group = "g1"): readonly string[] {
  const all = store.read(group, 1, 0, Number.MAX_SAFE_INTEGER, Infinity);
  return all.map(({ slot, entry }) => `${slot} ${Buffer.from(entry).toString()}`);
}

/** Ascending, with those that wait to be used again. */
function journalFiles(directory: string): readonly string[] {
  const names = readdirSync(join(directory, "log")).filter((name) => name.startsWith("journal-"));
  return names.toSorted().map((name) => join(directory, "log", name));
}

function fileWith(directory: string, text: string): string {
  const found = journalFiles(directory).find((path) => readFileSync(path).includes(text));
  if (found === undefined) throw new Error(`no file of ${directory} holds ${text}`);
  return found;
}

function overwrite(path: string, at: number, bytes: Buffer): void {
  const file = openSync(path, "r+");
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
}

test("a kill takes nothing that was acknowledged", async () => {
  const directory = join(root, "n1");
  const store = await openStore(directory);
  for (let slot = 1; slot <= 40; slot++) {
    await append(store, "g1", { records: [record(slot, `entry ${slot}`)] });
  }
  const again = await openStore(killed(directory));
  expect(entries(again)).toEqual(entries(store));
  expect(entries(again)).toHaveLength(40);
});

test("a write that was cut off is as if it had never begun, and does not stay in the way", async () => {
  const directory = join(root, "n1");
  const store = await openStore(directory);
  await append(store, "g1", { records: [record(1, "first")] });
  await append(store, "g1", { records: [record(2, `second ${"x".repeat(3 * blockBytes)}`)] });
  const copy = killed(directory);
  const path = fileWith(copy, "second");
  truncateSync(path, statSync(path).size - blockBytes);
  const again = await openStore(copy);
  expect(entries(again)).toEqual(["1 first"]);
  await append(again, "g1", { records: [record(2, "another")] });
  await close(again);
  expect(entries(await openStore(copy))).toEqual(["1 first", "2 another"]);
});

test("a log that is used goes on in a file that has its blocks already", async () => {
  const directory = join(root, "n1");
  const mebibyte = 2 ** 20;
  const store = await openStore(directory, mebibyte);
  let slots = 0;
  const appendOne = async (): Promise<void> => {
    slots += 1;
    await append(store, "g1", { records: [record(slots, `entry ${slots}`)] });
  };
  for (let count = 0; count < 70; count++) await appendOne();
  const spare = join(directory, "log", "journal-spare-0");
  await waitUntil(
    "a file is prepared",
    () => existsSync(spare) && statSync(spare).size === mebibyte,
  );
  while (existsSync(spare)) await appendOne();
  await appendOne();
  const [first = "", second = ""] = journalFiles(directory);
  expect(statSync(first).size).toBeLessThan(mebibyte);
  expect(statSync(second).size).toBe(mebibyte);
  expect(entries(await openStore(killed(directory), mebibyte))).toHaveLength(slots);
});

test("those who append are told in the order of their appends, also where the disk is waited for", async () => {
  const store = await openStore(join(root, "n1"), 2 ** 20);
  for (let slot = 1; slot <= 40; slot++) {
    await append(store, "g1", { records: [record(slot, `entry ${slot}`)] });
  }
  const told: string[] = [];
  const large = record(41, "x".repeat(3 * blockBytes));
  const both = [append(store, "g1", { records: [large] }).then(() => told.push("large"))];
  await new Promise((resolve) => setImmediate(resolve));
  both.push(append(store, "g1", { records: [record(42, "small")] }).then(() => told.push("small")));
  await Promise.all(both);
  expect(told).toEqual(["large", "small"]);
});

test("who is busy is not held up by the disk, however prompt it is", async () => {
  const store = await openStore(join(root, "n1"), 2 ** 20);
  for (let slot = 1; slot <= 40; slot++) {
    await append(store, "g1", { records: [record(slot, `entry ${slot}`)] });
  }
  let isDurable = false;
  const durable = new Promise<void>((resolve) => {
    const change = { records: [record(41, "mine")] };
    store.append("g1", change, () => ((isDurable = true), resolve()), true);
  });
  for (let microtask = 0; microtask < 10; microtask++) await Promise.resolve();
  expect(isDurable).toBe(false);
  await durable;
});

test("a damaged write with whole ones behind it is no end of the log", async () => {
  const directory = join(root, "n1");
  const store = await openStore(directory);
  await append(store, "g1", { records: [record(1, "first")] });
  await append(store, "g1", { records: [record(2, "second")] });
  const copy = killed(directory);
  const path = fileWith(copy, "first");
  const at = readFileSync(path).indexOf("first");
  overwrite(path, at, Buffer.from("worst"));
  await expect(openStore(copy)).rejects.toMatchObject({ code: "CORRUPT_STORE" });
});

test.each([0, 1, 2, 3])(
  "of the last write block %i may be missing, and no bit may be wrong in it",
  async (block) => {
    const directory = join(root, "n1");
    const store = await openStore(directory);
    await append(store, "g1", { records: [record(1, "first")] });
    await append(store, "g1", { records: [record(2, `second ${"x".repeat(3 * blockBytes)}`)] });
    const start = (path: string): number => readFileSync(path).indexOf("second") & -blockBytes;
    const cut = killed(directory);
    const cutFile = fileWith(cut, "second");
    overwrite(cutFile, start(cutFile) + block * blockBytes, Buffer.alloc(blockBytes, 7));
    expect(entries(await openStore(cut))).toEqual(["1 first"]);
    const damaged = killed(directory);
    const damagedFile = fileWith(damaged, "second");
    const at = start(damagedFile) + block * blockBytes + 20;
    overwrite(damagedFile, at, Buffer.from([(readFileSync(damagedFile)[at] ?? 0) ^ 4]));
    await expect(openStore(damaged)).rejects.toMatchObject({ code: "CORRUPT_STORE" });
  },
);

test("a file of the journal that is gone, or emptied, is reported", async () => {
  const directory = join(root, "n1");
  const store = await openStore(directory);
  for (let slot = 1; slot <= 12; slot++) {
    await append(store, "g1", { records: [record(slot, `entry ${slot}.`)] });
  }
  for (const slot of [1, 6, 12]) {
    const gone = killed(directory);
    rmSync(fileWith(gone, `entry ${slot}.`));
    await expect(openStore(gone)).rejects.toMatchObject({ code: "CORRUPT_STORE" });
    const emptied = killed(directory);
    writeFileSync(fileWith(emptied, `entry ${slot}.`), "");
    await expect(openStore(emptied)).rejects.toMatchObject({ code: "CORRUPT_STORE" });
  }
});

test("what an emptied file held before is not found in it again", async () => {
  const directory = join(root, "n1");
  const store = await openStore(directory);
  for (let slot = 1; slot <= 60; slot++) {
    await append(store, "g1", { records: [record(slot, `entry ${slot}`)], chosenThrough: slot });
    await append(store, "g1", { trimThrough: slot - 1 });
  }
  expect(journalFiles(directory).length).toBeLessThan(10);
  const again = await openStore(killed(directory));
  expect(entries(again)).toEqual(["60 entry 60"]);
  expect(again.load("g1")).toMatchObject({ chosenThrough: 60, trimmedThrough: 59 });
});

test("records that a quiet group still needs move out of the way of a busy one's", async () => {
  const directory = join(root, "n1");
  const store = await openStore(directory);
  const quiet = [record(1, "kept"), record(2, "replaced"), record(3, "kept too")];
  await append(store, "quiet", { records: quiet, promise: { epoch: 1, round: 3, member: 7 } });
  for (let slot = 1; slot <= 200; slot++) {
    await append(store, "busy", { records: [record(slot, "x")], trimThrough: slot - 1 });
  }
  expect(journalFiles(directory).length).toBeLessThan(16);
  await append(store, "quiet", { records: [record(2, "new", 2)] });
  const expected = ["1 kept", "2 new", "3 kept too"];
  expect(entries(store, "quiet")).toEqual(expected);
  expect(store.bytes("quiet")).toBeGreaterThan(100);
  const again = await openStore(killed(directory));
  expect(entries(again, "quiet")).toEqual(expected);
  expect(again.load("quiet").promise).toEqual({ epoch: 1, round: 3, member: 7 });
  await append(again, "quiet", { trimThrough: 2 });
  expect(entries(again, "quiet")).toEqual(["3 kept too"]);
  await close(again);
  const last = join(root, `copy${copies}`);
  expect(entries(await openStore(last), "quiet")).toEqual(["3 kept too"]);
});

test("neither starts nor a long log let the journal grow without end", async () => {
  const directory = join(root, "n1");
  let store = await openStore(directory);
  const texts: string[] = [];
  let slot = 0;
  for (let start = 0; start < 40; start++) {
    for (let index = 0; index < 4; index++) {
      slot += 1;
      texts.push(`${slot} ${"x".repeat(blockBytes)}`);
      await append(store, "g1", { records: [record(slot, "x".repeat(blockBytes))] });
    }
    await close(store);
    store = await openStore(directory);
  }
  await append(store, "g1", { chosenThrough: 1 });
  await waitUntil("the journal is no longer than it may be", () => {
    return journalFiles(directory).filter((path) => !path.includes("spare")).length <= 64;
  });
  expect(entries(store)).toEqual(texts);
  const again = await openStore(killed(directory));
  expect(entries(again)).toEqual(texts);
});

test("records may be replaced and trimmed while others of their file move", async () => {
  const directory = join(root, "n1");
  const store = await openStore(directory);
  const quiet = Array.from({ length: 3_000 }, (_, index) => record(index + 1, `first ${index}`));
  const expected = new Map(quiet.map(({ slot, entry }) => [slot, Buffer.from(entry).toString()]));
  await append(store, "quiet", { records: quiet });
  for (let slot = 1; slot <= 800; slot++) {
    const busy = { records: [record(slot, "x".repeat(3_000))], trimThrough: slot - 1 };
    const replaced = record(((slot * 37) % 2_000) + 1_000, `in round ${slot}`, slot);
    expected.set(replaced.slot, Buffer.from(replaced.entry).toString());
    await Promise.all([
      append(store, "busy", busy),
      append(store, "quiet", { records: [replaced], trimThrough: slot }),
    ]);
  }
  const texts = [...expected]
    .filter(([slot]) => slot > 800)
    .toSorted(([left], [right]) => left - right)
    .map(([slot, text]) => `${slot} ${text}`);
  expect(entries(store, "quiet")).toEqual(texts);
  expect(journalFiles(directory).some((path) => path.endsWith("journal-0000000001"))).toBe(false);
  await close(store);
  expect(entries(await openStore(directory), "quiet")).toEqual(texts);
});

test("a damaged record does not move: the store stops, and its file stays as it is", async () => {
  const directory = join(root, "n1");
  const store = await openStore(directory);
  await append(store, "quiet", { records: [record(1, "kept"), record(2, "kept too")] });
  const path = fileWith(directory, "kept too");
  overwrite(path, readFileSync(path).indexOf("kept too"), Buffer.from("K"));
  const busy = async (): Promise<void> => {
    for (let slot = 1; slot <= 200; slot++) {
      await append(store, "busy", { records: [record(slot, "x")], trimThrough: slot - 1 });
    }
  };
  await expect(busy()).rejects.toMatchObject({ code: "CORRUPT_STORE" });
  await close(store);
  await expect(openStore(directory)).rejects.toMatchObject({ code: "CORRUPT_STORE" });
});

test("a log that was far behind goes on where the others are, and is read across the gap", async () => {
  const directory = join(root, "n1");
  let store = await openStore(directory);
  const far = 2 ** 40;
  await append(store, "g1", { records: [record(1, "near"), record(far, "far")] });
  for (const expected of [
    ["1 near", `${far} far`],
    ["1 near", `${far} far`, `${far + 1} farther`],
  ]) {
    if (expected.length === 3) {
      // The others move into the environment, which has a gap as well then.
      for (let slot = 1; slot <= 60; slot++) {
        await append(store, "busy", { records: [record(slot, "x")], trimThrough: slot - 1 });
      }
      await append(store, "g1", { records: [record(far + 1, "farther")] });
    }
    expect(entries(store)).toEqual(expected);
    await close(store);
    store = await openStore(directory);
    expect(entries(store)).toEqual(expected);
    const unchosen = store.load("g1").unchosen.map(({ slot }) => slot);
    expect(unchosen).toEqual(expected.map((text) => Number(text.split(" ")[0])));
  }
});

test("files that crashes left unlisted, with the same number again and again, are no hindrance", async () => {
  const directory = join(root, "n1");
  await close(await openStore(directory));
  // Two crashes while a segment was begun: the second was written to another file that had been emptied.
  const next = Math.max(...journalFiles(directory).map((path) => Number(path.slice(-10)))) + 1;
  writeFileSync(join(directory, "log", `journal-spare-${next}`), "");
  writeFileSync(join(directory, "log", `journal-${String(next).padStart(10, "0")}`), "");
  const store = await openStore(directory);
  for (let slot = 1; slot <= 20; slot++) {
    await append(store, "g1", { records: [record(slot, `entry ${slot}`)] });
  }
  expect(entries(await openStore(killed(directory)))).toHaveLength(20);
});

test.skipIf(process.platform !== "linux")(
  "a journal that cannot be begun is a failure of the storage, and leaves no file open",
  async () => {
    const directory = join(root, "n1");
    await close(await openStore(directory));
    const next = Math.max(...journalFiles(directory).map((path) => Number(path.slice(-10)))) + 1;
    mkdirSync(join(directory, "log", `journal-${String(next).padStart(10, "0")}`, "full"), {
      recursive: true,
    });
    for (const path of journalFiles(directory)) if (path.includes("spare")) rmSync(path);
    const before = readdirSync("/proc/self/fd").length;
    await expect(openStore(directory)).rejects.toMatchObject({ code: "STORAGE_FAILED" });
    expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before);
  },
);

test("what is appended after closing is refused, and written nowhere", async () => {
  const store = await openStore(join(root, "n1"));
  await append(store, "g1", { records: [record(1, "first")] });
  await close(store);
  // They get the numbers that the journal's files had.
  const others = Array.from({ length: 20 }, (_, index) => join(root, `other${index}`));
  const files = others.map((path) => openSync(path, "w+"));
  await expect(append(store, "g1", { records: [record(2, "late")] })).rejects.toMatchObject({
    code: "STORAGE_FAILED",
  });
  expect(others.map((path) => statSync(path).size)).toEqual(others.map(() => 0));
  for (const file of files) closeSync(file);
});

test("what is appended by whoever is told of an append while the store closes is written as well", async () => {
  const directory = join(root, "n1");
  const store = await openStore(directory);
  const told: string[] = [];
  const appendNext = (slot: number): void => {
    if (slot > 3) return;
    store.append("g1", { records: [record(slot, `entry ${slot}`)] }, (failure) => {
      told.push(failure === undefined ? `${slot} written` : `${slot} refused`);
      if (failure === undefined) appendNext(slot + 1);
    });
  };
  appendNext(1);
  await close(store);
  expect(told).toEqual(["1 written", "2 written", "3 written"]);
  expect(entries(await openStore(directory))).toEqual(["1 entry 1", "2 entry 2", "3 entry 3"]);
});

test("a file that can neither be prepared nor removed is done without", async () => {
  const directory = join(root, "n1");
  const store = await openStore(directory, 2 ** 20);
  mkdirSync(join(directory, "log", "journal-spare-0", "full"), { recursive: true });
  for (let slot = 1; slot <= 100; slot++) {
    await append(store, "g1", { records: [record(slot, `entry ${slot}`)] });
  }
  await close(store);
  rmSync(join(directory, "log", "journal-spare-0"), { recursive: true });
  expect(entries(await openStore(directory, 2 ** 20))).toHaveLength(100);
});

test("no file is filled in advance where little room is left for what is written now", async () => {
  const path = join(root, "prepared");
  let pieces = 0;
  const isWanted = (): boolean => (pieces += 1) <= 3;
  await expect(prepareFile(path, Number.MAX_SAFE_INTEGER, isWanted)).rejects.toThrow("room");
  expect(existsSync(path)).toBe(false);
});

test("a promise lies in the environment before it is acknowledged", async () => {
  const directory = join(root, "n1");
  const store = await openStore(directory);
  const promise = { epoch: 1, round: 9, member: 7 };
  await append(store, "g1", { promise });
  const environment = new LogEnvironment(killed(directory));
  expect(environment.head("g1").promise).toEqual(promise);
  await environment.close();
});

test("a log that lies in the environment as a whole is found, goes on and is trimmed", async () => {
  const directory = join(root, "n1");
  await close(await openStore(directory));
  const environment = new LogEnvironment(directory);
  const promise = { epoch: 1, round: 4, member: 7 };
  await environment.putHead("g1", { promise, chosenThrough: 3, trimmedThrough: 1 });
  let position = 0;
  for (const old of [2, 3, 4, 5].map((slot) => record(slot, `old ${slot}`))) {
    const key = recordKey("g1", 1, old.slot);
    const value = encodeRecord(key, old, position);
    position += value.length;
    await environment.records.put(key, value);
  }
  await environment.close();
  let store = await openStore(directory);
  expect(store.load("g1")).toMatchObject({ promise, chosenThrough: 3, trimmedThrough: 1 });
  expect(store.load("g1").unchosen.map(({ slot }) => slot)).toEqual([4, 5]);
  expect(store.bytes("g1")).toBe(position);
  await append(store, "g1", { records: [record(5, "new 5", 2), record(6, "new 6", 2)] });
  await append(store, "g1", { chosenThrough: 4, trimThrough: 3 });
  const expected = ["4 old 4", "5 new 5", "6 new 6"];
  for (let opening = 0; opening < 3; opening++) {
    expect(entries(store)).toEqual(expected);
    expect(store.load("g1")).toMatchObject({ promise, chosenThrough: 4, trimmedThrough: 3 });
    const copy = killed(directory);
    expect(entries(await openStore(copy))).toEqual(expected);
    await close(store);
    store = await openStore(directory);
  }
});

test("of an append that was cut off nothing but the promise is found", async () => {
  const directory = join(root, "n1");
  const store = await openStore(directory);
  const promise = { epoch: 1, round: 9, member: 7 };
  await append(store, "g1", { records: [record(1, "first")] });
  await append(store, "g1", { records: [record(2, "second")], chosenThrough: 2, promise });
  const copy = killed(directory);
  const path = fileWith(copy, "second");
  truncateSync(path, statSync(path).size - blockBytes);
  const again = await openStore(copy);
  expect(entries(again)).toEqual(["1 first"]);
  expect(again.load("g1")).toMatchObject({ promise, chosenThrough: 0 });
  await append(again, "g1", { chosenThrough: 1 });
  await close(again);
  expect((await openStore(copy)).load("g1")).toMatchObject({ promise, chosenThrough: 1 });
});

/** One thing that happens to a log. */
type Step =
  | {
      readonly what: "append";
      readonly group: number;
      readonly count: number;
      readonly bytes: number;
    }
  | { readonly what: "replace"; readonly group: number; readonly back: number }
  | { readonly what: "choose" | "trim"; readonly group: number; readonly back: number }
  | { readonly what: "restart" | "kill" | "cut" };

const group = fc.integer({ min: 0, max: 2 });
const back = fc.integer({ min: 0, max: 12 });
const steps = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        what: fc.constant("append" as const),
        group,
        count: fc.integer({ min: 1, max: 4 }),
        bytes: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 20_000 })),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ what: fc.constant("replace" as const), group, back }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        what: fc.constantFrom("choose" as const, "trim" as const),
        group,
        back,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ what: fc.constantFrom("restart", "kill", "cut" as const) }),
    },
  ),
  { minLength: 20, maxLength: 120 },
) as fc.Arbitrary<Step[]>;

/** What a log of one group has to hold. */
class Expected {
  readonly records = new Map<number, string>();
  chosenThrough = 0;
  trimmedThrough = 0;
  newest = 0;

  get entries(): readonly string[] {
    const slots = [...this.records.keys()].toSorted((left, right) => left - right);
    return slots.map((slot) => `${slot} ${this.records.get(slot)}`);
  }
}

test("any order of appends, trims, restarts and kills leaves what was acknowledged", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      let directory = join(root, `run${(copies += 1)}`);
      let store = await openStore(directory);
      const groups = [new Expected(), new Expected(), new Expected()];
      let round = 1;
      for (const step of all) {
        round += 1;
        if ("group" in step) {
          await change(store, step, groups[step.group] ?? new Expected(), round);
          continue;
        }
        if (step.what === "cut") {
          // The last write is torn, wherever it reaches.
          const text = `cut in round ${round} `;
          const slot = (groups[0]?.newest ?? 0) + 1;
          await append(store, "g0", { records: [record(slot, text.repeat(500))] });
          const copy = killed(directory);
          const path = fileWith(copy, text);
          const at = readFileSync(path).lastIndexOf(text);
          overwrite(path, at - (at % blockBytes), Buffer.alloc(blockBytes));
          await close(store);
          directory = copy;
        } else if (step.what === "kill") {
          const copy = killed(directory);
          await close(store);
          directory = copy;
        } else await close(store);
        store = await openStore(directory);
      }
      for (const [index, expected] of groups.entries()) {
        expect(entries(store, `g${index}`)).toEqual(expected.entries);
        expect(store.load(`g${index}`)).toMatchObject({
          chosenThrough: expected.chosenThrough,
          trimmedThrough: expected.trimmedThrough,
        });
      }
      await close(store);
    }),
    { numRuns: 25, interruptAfterTimeLimit: 20_000 },
  );
}, 60_000);

async function change(
  store: LmdbLogStore,
  step: Extract<Step, { group: number }>,
  expected: Expected,
  round: number,
): Promise<void> {
  const name = `g${step.group}`;
  if (step.what === "append") {
    const records = Array.from({ length: step.count }, () =>
      record((expected.newest += 1), `${round} `.padEnd(step.bytes, "."), round),
    );
    for (const { slot, entry } of records)
      expected.records.set(slot, Buffer.from(entry).toString());
    return append(store, name, { records });
  }
  const slot = expected.newest - step.back;
  if (step.what === "replace") {
    if (slot <= expected.trimmedThrough || slot < 1) return;
    expected.records.set(slot, `new ${round}`);
    return append(store, name, { records: [record(slot, `new ${round}`, round)] });
  }
  if (step.what === "choose") {
    if (slot <= expected.chosenThrough) return;
    expected.chosenThrough = slot;
    return append(store, name, { chosenThrough: slot });
  }
  if (slot <= expected.trimmedThrough || slot > expected.chosenThrough) return;
  expected.trimmedThrough = slot;
  for (const old of expected.records.keys()) if (old <= slot) expected.records.delete(old);
  return append(store, name, { trimThrough: slot });
}
