/** What a simulated log disk keeps, and what it shows, when flushes fail and processes end. */
import { expect, test } from "vitest";
import type { LogAppend } from "../../machines/record.ts";
import {
  flushFailures,
  SimulatedLogDisk,
  SimulatedLogStore,
  type FlushFailure,
} from "../../infra/log-store/simulated-log-store.ts";
import { seeded } from "../../infra/randomness/seeded-randomness.ts";
import { ManualClock } from "../state-store/manual-clock.ts";

const wanted = { cluster: "demo", node: "n1" };

class Bench {
  readonly disk = new SimulatedLogDisk({ flushMs: () => 1, failNextFlush: false });
  readonly clock = new ManualClock();
  readonly randomness;
  /** Slots of which the disk said that they are durable. */
  readonly durable: number[] = [];
  store: SimulatedLogStore;

  constructor(seed = 1) {
    this.randomness = seeded(seed);
    this.disk.onDurable = (_, change) =>
      this.durable.push(...(change.records ?? []).map(({ slot }) => slot));
    this.store = this.open();
  }

  open(): SimulatedLogStore {
    return new SimulatedLogStore(this.disk, wanted, this.clock, this.randomness);
  }

  /** Appends one record; what came of it, or "nothing" while nobody was told. */
  append(slot: number, entry = "entry"): string {
    const ballot = { epoch: 1, round: 1, member: 7 };
    const change: LogAppend = {
      records: [{ epoch: 1, slot, ballot, entry: Buffer.from(entry) }],
    };
    const told: string[] = [];
    this.store.append("g", change, (failure) => told.push(failure?.message ?? "durable"));
    while (told.length === 0 && this.clock.step());
    return told[0] ?? "nothing";
  }

  /** Slots that can be read. */
  slots(): readonly number[] {
    return this.store.read("g", 1, 1, 100, 1_000_000).map(({ slot }) => slot);
  }

  restart(): void {
    this.store.crash();
    this.store = this.open();
  }

  losePower(): void {
    this.store.crash();
    this.disk.powerLoss(this.randomness);
    this.store = this.open();
  }
}

/** What is read of a slot whose flush failed, over many seeds: after the failure, and behind `then`. */
function shownAfter(failure: FlushFailure, then: (bench: Bench) => void): readonly boolean[][] {
  return Array.from({ length: 40 }, (_, index) => {
    const bench = new Bench(index + 1);
    expect(bench.append(1)).toBe("durable");
    bench.disk.faults.failNextFlush = true;
    bench.disk.faults.failure = failure;
    expect(bench.append(2)).toMatch("could not be written");
    const before = bench.slots().includes(2);
    then(bench);
    expect(bench.slots()).toContain(1);
    const after = bench.slots().includes(2);
    // Nobody counts on what may still be lost; behind the flush of the next opening it is certain.
    expect(bench.durable.includes(2)).toBe(after);
    return [before, after];
  });
}

function different(shown: readonly boolean[][]): readonly string[] {
  return [...new Set(shown.map(String))].toSorted();
}

test("what a rejected write left is never seen", () => {
  expect(different(shownAfter("rejected", (bench) => bench.restart()))).toEqual(["false,false"]);
  expect(different(shownAfter("rejected", (bench) => bench.losePower()))).toEqual(["false,false"]);
});

test("what a failed flush left visible survives a restart, and may survive a power loss", () => {
  expect(different(shownAfter("visible", (bench) => bench.restart()))).toEqual(["true,true"]);
  expect(different(shownAfter("visible", (bench) => bench.losePower()))).toEqual([
    "true,false",
    "true,true",
  ]);
});

test("what a poisoned flush left is seen until the process ends", () => {
  expect(different(shownAfter("poisoned", (bench) => bench.restart()))).toEqual(["true,false"]);
  expect(different(shownAfter("poisoned", (bench) => bench.losePower()))).toEqual(["true,false"]);
});

test("a flush that fails in no particular way fails in any", () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 40; seed++) {
    const bench = new Bench(seed);
    bench.disk.faults.failNextFlush = true;
    bench.append(1);
    const visible = bench.slots().length > 0;
    bench.restart();
    seen.add(visible ? (bench.slots().length > 0 ? "visible" : "poisoned") : "rejected");
  }
  expect([...seen].toSorted()).toEqual([...flushFailures].toSorted());
});

test("on a full disk nothing is written, and what was there stays", () => {
  const bench = new Bench();
  bench.append(1);
  bench.disk.faults.full = true;
  expect(bench.append(2)).toMatch("could not be written");
  expect(bench.append(3)).toMatch("could not be written");
  bench.restart();
  expect(bench.append(4)).toMatch("could not be written");
  bench.disk.faults.full = false;
  bench.restart();
  expect(bench.append(5)).toBe("durable");
  expect(bench.slots()).toEqual([1, 5]);
});

test("a process that ends right before a flush may lose it, and right after it loses nothing", () => {
  const kept = { before: new Set<boolean>(), after: new Set<boolean>() };
  for (const moment of ["before", "after"] as const) {
    for (let seed = 1; seed <= 20; seed++) {
      const bench = new Bench(seed);
      bench.disk.onFlush = (when) => {
        if (when === moment) bench.store.crash();
      };
      expect(bench.append(1)).toBe("nothing");
      bench.disk.onFlush = undefined;
      bench.restart();
      kept[moment].add(bench.slots().includes(1));
    }
  }
  expect(kept.before).toEqual(new Set([false, true]));
  expect([...kept.after]).toEqual([true]);
});

test("a record in another's place fails its checksum, and so does one that was swapped", () => {
  for (const swap of [false, true]) {
    const bench = new Bench();
    bench.append(1, "one");
    bench.append(2, "two");
    expect(bench.disk.misplaceRecord("g", 1, 3, swap)).toBe(false);
    expect(bench.disk.misplaceRecord("g", 1, 2, swap)).toBe(true);
    expect(() => bench.store.read("g", 1, 2, 2, 1)).toThrow("fails its checksum");
    if (swap) expect(() => bench.store.read("g", 1, 1, 1, 1)).toThrow("fails its checksum");
    else expect(bench.store.read("g", 1, 1, 1, 1)).toHaveLength(1);
  }
});

test("an older copy of a disk is what it was, whatever was written or damaged since", () => {
  const bench = new Bench();
  bench.append(1);
  const { incarnation } = bench.store.identity;
  const copy = bench.disk.copy();
  bench.append(2);
  bench.disk.flipBit("g", 1, 100);
  bench.store.crash();
  bench.disk.restore(copy);
  bench.store = bench.open();
  expect(bench.slots()).toEqual([1]);
  expect(bench.store.identity.incarnation).toBe(incarnation + 1);
});
