/** What every log store promises, on LMDB and on the simulated disk alike. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { LogStore } from "../../infra/log-store/log-store.ts";
import { openLmdbLogStore } from "../../infra/log-store/lmdb-log-store.ts";
import { SimulatedLogDisk, SimulatedLogStore } from "../../infra/log-store/simulated-log-store.ts";
import type { LogAppend, LogRecord } from "../../machines/record.ts";
import { counting, immediateClock } from "../support/doubles.ts";

interface Subject {
  /** Opens the same store again, after closing it. */
  open(wanted?: { cluster: string; node: string }): Promise<LogStore>;
  dispose(): void;
}

const wantedIdentity = { cluster: "demo", node: "n1" };

const subjects: Record<string, () => Subject> = {
  LMDB: () => {
    const directory = mkdtempSync(join(tmpdir(), "synod-log-"));
    return {
      open: (wanted = wantedIdentity) =>
        openLmdbLogStore({ directory, ...wanted, randomness: counting() }),
      dispose: () => rmSync(directory, { recursive: true }),
    };
  },
  "the simulated disk": () => {
    const disk = new SimulatedLogDisk({ flushMs: () => 0, failNextFlush: false });
    const randomness = counting();
    return {
      open: (wanted = wantedIdentity) =>
        Promise.resolve(new SimulatedLogStore(disk, wanted, immediateClock(), randomness)),
      dispose: () => undefined,
    };
  },
};

function record(slot: number, entry: string, round = 1): LogRecord {
  return { epoch: 1, slot, ballot: { epoch: 1, round, member: 7 }, entry: Buffer.from(entry) };
}

function append(store: LogStore, group: string, change: LogAppend): Promise<void> {
  return new Promise((resolve, reject) => {
    store.append(group, change, (failure) => (failure === undefined ? resolve() : reject(failure)));
  });
}

function plain(records: readonly LogRecord[]): unknown[] {
  return records.map(({ slot, ballot, entry }) => [
    slot,
    ballot.round,
    Buffer.from(entry).toString(),
  ]);
}

for (const [name, make] of Object.entries(subjects)) {
  describe(`log store on ${name}`, () => {
    const subject = make();
    let store: LogStore | undefined;
    const open = async (): Promise<LogStore> => {
      await store?.close();
      store = await subject.open();
      return store;
    };
    afterEach(async () => {
      await store?.close();
      store = undefined;
    });

    test("a new store has an identity of its own, and every opening is a start that knows the earlier ones", async () => {
      const first = (await open()).identity;
      const second = (await open()).identity;
      expect(first).toMatchObject({ cluster: "demo", node: "n1", incarnation: 1 });
      expect(first.member).toBeGreaterThan(0);
      expect(first.earlier).toEqual([]);
      expect(second).toEqual({
        ...first,
        incarnation: 2,
        start: expect.any(Number) as number,
        earlier: [first.start],
      });
      expect(second.start).not.toBe(first.start);
      const third = (await open()).identity;
      expect(third.earlier).toEqual([second.start, first.start]);
    });

    test("another node's or cluster's directory is refused", async () => {
      await open();
      await store?.close();
      await expect(
        (async () => subject.open({ cluster: "demo", node: "n2" }))(),
      ).rejects.toMatchObject({ code: "TOPOLOGY_DIFFERS" });
      store = undefined;
    });

    test("a group never written is empty", async () => {
      const opened = await open();
      expect(opened.load("empty")).toMatchObject({
        promise: { epoch: 0, round: 0, member: 0 },
        chosenThrough: 0,
        trimmedThrough: 0,
        unchosen: [],
      });
      expect(opened.bytes("empty")).toBe(0);
    });

    test("promise, records and chosenThrough are found again, and groups do not mix", async () => {
      const opened = await open();
      await append(opened, "g1", {
        promise: { epoch: 1, round: 5, member: 7 },
        records: [record(1, "a"), record(2, "b"), record(3, "c")],
        chosenThrough: 2,
      });
      await append(opened, "g10", { records: [record(1, "other")] });
      const again = await open();
      const loaded = again.load("g1");
      expect(loaded.promise).toEqual({ epoch: 1, round: 5, member: 7 });
      expect(loaded.chosenThrough).toBe(2);
      expect(plain(loaded.unchosen)).toEqual([[3, 1, "c"]]);
      expect(plain(again.read("g1", 1, 1, 9, Infinity))).toEqual([
        [1, 1, "a"],
        [2, 1, "b"],
        [3, 1, "c"],
      ]);
      expect(plain(again.load("g10").unchosen)).toEqual([[1, 1, "other"]]);
    });

    test("accepting implies promising: the ballot of a stored record counts", async () => {
      const opened = await open();
      await append(opened, "implied", { records: [record(1, "a", 9)] });
      expect((await open()).load("implied").promise).toEqual({ epoch: 1, round: 9, member: 7 });
    });

    test("a record replaces the one in its slot", async () => {
      const opened = await open();
      await append(opened, "replace", { records: [record(1, "old", 1)] });
      await append(opened, "replace", { records: [record(1, "new", 2)] });
      expect(plain(opened.read("replace", 1, 1, 1, Infinity))).toEqual([[1, 2, "new"]]);
    });

    test("reading stops once enough bytes were read, after at least one record", async () => {
      const opened = await open();
      const records = [1, 2, 3, 4].map((slot) => record(slot, "x".repeat(1000)));
      await append(opened, "bounded", { records });
      expect(opened.read("bounded", 1, 1, 4, 1)).toHaveLength(1);
      expect(opened.read("bounded", 1, 2, 4, 1500)).toHaveLength(2);
      expect(opened.read("bounded", 1, 5, 9, 1)).toHaveLength(0);
    });

    test("trimmed records are gone, those behind stay, and the log shrinks", async () => {
      const opened = await open();
      const records = [1, 2, 3, 4].map((slot) => record(slot, "x".repeat(1000)));
      await append(opened, "trim", { records, chosenThrough: 4 });
      const before = opened.bytes("trim");
      await append(opened, "trim", { trimThrough: 3 });
      expect(opened.bytes("trim")).toBeLessThan(before / 2);
      const again = await open();
      expect(again.load("trim").trimmedThrough).toBe(3);
      expect(
        plain(again.read("trim", 1, 1, 9, Infinity)).map((found) => (found as [number])[0]),
      ).toEqual([4]);
      expect(again.bytes("trim")).toBeGreaterThan(1000);
    });

    test("appends become durable in the order of the calls", async () => {
      const opened = await open();
      const finished: number[] = [];
      const all = Array.from({ length: 50 }, (_, index) =>
        append(opened, index % 2 === 0 ? "even" : "odd", {
          records: [record(index + 1, "x")],
        }).then(() => finished.push(index)),
      );
      await Promise.all(all);
      expect(finished).toEqual(finished.toSorted((left, right) => left - right));
    });

    test("a birth is kept for good, with whether it is complete", async () => {
      const opened = await open();
      const recorded = (complete: boolean): Promise<void> =>
        new Promise((resolve, reject) => {
          const birth = Buffer.from("birth");
          opened.recordBirth("born", { birth, complete }, (failure) =>
            failure === undefined ? resolve() : reject(failure),
          );
        });
      await recorded(false);
      expect(opened.birth("born")?.complete).toBe(false);
      await recorded(true);
      const found = (await open()).birth("born");
      expect(found?.complete).toBe(true);
      expect(store?.groups()).toEqual(["born"]);
      expect(Buffer.from(found?.birth ?? []).toString()).toBe("birth");
    });

    test("starts of other stores are remembered", async () => {
      const opened = await open();
      const peer = { member: 5, incarnation: 2, start: 99 };
      await new Promise<void>((resolve) => opened.recordPeer(peer, () => resolve()));
      expect((await open()).peers()).toEqual([peer]);
    });

    test("clean up", () => subject.dispose());
  });
}
