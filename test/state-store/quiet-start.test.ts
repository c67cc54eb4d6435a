/** A store that is opened quietly leaves its background work alone for a while, and then does all of it. */
import { expect, test } from "vitest";
import { SimulatedDisk } from "../../infra/state-store/simulated-disk.ts";
import { openSimulatedStateStore } from "../../infra/state-store/simulated-state-store.ts";
import type { GroupStateStore } from "../../infra/state-store/state-store.ts";
import { space } from "../../kv/state-reader.ts";
import { cutOf, put } from "./cuts.ts";
import { ManualClock } from "./manual-clock.ts";

const never = { fanIn: 1000, smallBytes: 1024, garbageRatio: 1000 };
const eager = { fanIn: 2, smallBytes: 1024, garbageRatio: 1000 };
const quietMs = 1_000;

function cut(number: number) {
  return cutOf({ appliedThrough: number }, [put(space.data, `k${number}`, number, "v")]);
}

/** Four runs with nothing between them and a merge, and one more that no manifest names. */
function diskWithWork(clock: ManualClock): SimulatedDisk {
  const disk = new SimulatedDisk();
  const group = openSimulatedStateStore(disk, clock, never).group("g");
  for (let number = 1; number <= 4; number += 1) {
    group.write(cut(number), () => group.switchTo(number, () => undefined));
    clock.runAll();
  }
  group.write(cut(5), () => undefined);
  clock.runAll();
  disk.crash();
  return disk;
}

function runUntil(clock: ManualClock, untilMs: number): void {
  // Nothing but this holds the clock there.
  clock.after(untilMs - clock.monotonicMs(), () => undefined);
  while (clock.monotonicMs() < untilMs) clock.step();
}

function runsOf(group: GroupStateStore): number {
  return group.statistics().runs;
}

test("nothing is merged or removed before the time has passed, and everything after it", () => {
  const clock = new ManualClock();
  const disk = diskWithWork(clock);
  const group = openSimulatedStateStore(disk, clock, eager, quietMs).group("g");
  const openedMs = clock.monotonicMs();
  runUntil(clock, openedMs + quietMs);
  expect([runsOf(group), disk.contents().runs.length]).toEqual([4, 5]);
  expect(group.statistics().merging).toBe(true);
  clock.runAll();
  expect(group.statistics().merging).toBe(false);
  expect(runsOf(group)).toBeLessThan(4);
  expect(disk.contents().runs).toHaveLength(runsOf(group));
});

test("a checkpoint is written meanwhile, and makes nothing begin earlier", () => {
  const clock = new ManualClock();
  const disk = diskWithWork(clock);
  const group = openSimulatedStateStore(disk, clock, eager, quietMs).group("g");
  const openedMs = clock.monotonicMs();
  group.write(cut(6), () => group.switchTo(6, () => undefined));
  runUntil(clock, openedMs + quietMs);
  expect([group.checkpoint?.appliedThrough, runsOf(group)]).toEqual([6, 5]);
});
