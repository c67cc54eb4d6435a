/** Crashes, power losses and broken disks in simulation, at every moment a seed can choose. */
import { describe, expect, test } from "vitest";
import { space } from "../../kv/state-reader.ts";
import type { StateStore } from "../../infra/state-store/state-store.ts";
import { openSimulatedStateStore } from "../../infra/state-store/simulated-state-store.ts";
import type { SimulatedDisk } from "../../infra/state-store/simulated-disk.ts";
import { cutOf, put } from "./cuts.ts";
import { ManualClock } from "./manual-clock.ts";
import { busyMerging, checkNumbered, numberedCut } from "./numbered-cuts.ts";
import { seeded } from "../../infra/randomness/seeded-randomness.ts";
import { checkpoint, simulatedStore } from "./stores.ts";

/** A process that checkpoints without end; what it was told is done is noted beside it. */
class Writer {
  /** The last checkpoint whose switch was acknowledged, and the last one that was asked for. */
  acknowledged: number;
  asked: number;
  failure: Error | undefined;

  constructor(store: StateStore) {
    const group = store.group("g");
    this.acknowledged = checkNumbered(group);
    this.asked = this.acknowledged;
    const next = (): void => {
      const number = this.acknowledged + 1;
      group.write(numberedCut(number), (failure) => {
        if (failure !== undefined) {
          this.failure = failure;
          return;
        }
        this.asked = number;
        group.switchTo(number, (failed) => {
          this.failure = failed;
          if (failed !== undefined) return;
          this.acknowledged = number;
          next();
        });
      });
    };
    next();
  }
}

function run(clock: ManualClock, turns: number): void {
  for (let turn = 0; turn < turns; turn += 1) clock.step();
}

function live(disk: SimulatedDisk, seed: number, lives: number): string {
  const randomness = seeded(seed);
  disk.latencyMs = () => randomness.fraction() * 5;
  const trace: string[] = [];
  let lowest = 0;
  let highest = 0;
  for (let life = 0; life < lives; life += 1) {
    const clock = new ManualClock();
    const writer = new Writer(openSimulatedStateStore(disk, clock, busyMerging));
    expect(writer.acknowledged, `seed ${seed}, life ${life}`).toBeGreaterThanOrEqual(lowest);
    expect(writer.acknowledged, `seed ${seed}, life ${life}`).toBeLessThanOrEqual(highest);
    run(clock, randomness.below(400));
    expect(writer.failure).toBeUndefined();
    if (randomness.fraction() < 0.5) disk.crash();
    else disk.powerLoss(randomness);
    lowest = writer.acknowledged;
    highest = writer.asked;
    trace.push(`${clock.turns}:${lowest}`);
  }
  expect(lowest).toBeGreaterThan(0);
  return trace.join(" ");
}

test("after any crash or power loss the last acknowledged checkpoint, or the next, is there whole", () => {
  for (let seed = 1; seed <= 40; seed += 1) live(simulatedStore().disk, seed, 8);
});

test("a seed always has the same history", () => {
  const history = live(simulatedStore().disk, 5, 8);
  expect(live(simulatedStore().disk, 5, 8)).toBe(history);
});

test("a long cut is written in many turns", async () => {
  const on = simulatedStore();
  const group = (await on.open()).group("g");
  const cells = Array.from({ length: 20_000 }, (_, index) =>
    put(space.data, String(index).padStart(6, "0"), index + 1, "value"),
  );
  const before = on.clock.turns;
  await on.finish((done) => group.write(cutOf({ appliedThrough: 1 }, cells), done));
  expect(on.clock.turns - before).toBeGreaterThan(12);
});

const faults = ["full disk", "rejected write", "fsync error", "poisoned fsync"] as const;

describe.each(faults)("%s", (fault) => {
  test("is reported to whoever waits and whoever listens, and nothing is written after it", async () => {
    const on = simulatedStore();
    const group = (await on.open(busyMerging)).group("g");
    const heard: Error[] = [];
    group.onFailure((failure) => heard.push(failure));
    await checkpoint(on, group, numberedCut(1));
    on.disk.fault = fault;
    await expect(on.finish((done) => group.write(numberedCut(2), done))).rejects.toMatchObject({
      code: "STORAGE_FAILED",
    });
    on.disk.fault = "none";
    const refused = on.finish((done) => group.write(numberedCut(2), done));
    await expect(refused).rejects.toMatchObject({ code: "STORAGE_FAILED" });
    expect(heard).toHaveLength(1);
    expect(checkNumbered(group)).toBe(1);
  });

  test("during a switch leaves the old checkpoint or the new one, after a power loss too", async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const on = simulatedStore();
      const group = (await on.open(busyMerging)).group("g");
      await checkpoint(on, group, numberedCut(1));
      await on.finish((done) => group.write(numberedCut(2), done));
      on.disk.fault = fault;
      const switched = on.finish((done) => group.switchTo(2, done));
      await expect(switched).rejects.toMatchObject({ code: "STORAGE_FAILED" });
      expect(checkNumbered(group)).toBe(1);
      on.disk.fault = "none";
      on.disk.powerLoss(seeded(seed));
      const number = checkNumbered((await on.open(busyMerging)).group("g"));
      expect(fault === "fsync error" ? [1, 2] : [1]).toContain(number);
    }
  });

  test("during a switch, a restart without power loss shows what was visible", async () => {
    const on = simulatedStore();
    const group = (await on.open(busyMerging)).group("g");
    await checkpoint(on, group, numberedCut(1));
    await on.finish((done) => group.write(numberedCut(2), done));
    on.disk.fault = fault;
    const switched = on.finish((done) => group.switchTo(2, done));
    await expect(switched).rejects.toMatchObject({ code: "STORAGE_FAILED" });
    on.disk.crash();
    expect(checkNumbered((await on.open(busyMerging)).group("g"))).toBe(
      fault === "fsync error" ? 2 : 1,
    );
  });

  test("during a merge is heard by every group's listener", async () => {
    const on = simulatedStore();
    const store = await on.open(busyMerging);
    const group = store.group("g");
    let heard = 0;
    group.onFailure(() => (heard += 1));
    store.group("other").onFailure(() => (heard += 1));
    for (let number = 1; number <= 3; number += 1) await checkpoint(on, group, numberedCut(number));
    on.disk.fault = fault;
    await on.until("both have heard", () => heard === 2);
    expect(checkNumbered(group)).toBe(3);
  });
});

test("a process can be ended at any moment of a change, and an end behind the last one keeps it", async () => {
  for (const [moment, possible] of [
    ["before", [1]],
    ["visible", [1, 2]],
    ["durable", [2]],
  ] as const) {
    for (let seed = 1; seed <= 5; seed += 1) {
      const on = simulatedStore();
      const group = (await on.open(busyMerging)).group("g");
      await checkpoint(on, group, numberedCut(1));
      await on.finish((done) => group.write(numberedCut(2), done));
      let told = false;
      on.disk.onChange = (when) => {
        if (when === moment) on.disk.powerLoss(seeded(seed));
      };
      group.switchTo(2, () => (told = true));
      await on.turns(20);
      on.disk.onChange = undefined;
      expect(told).toBe(false);
      expect(possible).toContain(checkNumbered((await on.open(busyMerging)).group("g")));
    }
  }
});

test("an older copy of a disk is what it was, whatever was written or damaged since", async () => {
  const on = simulatedStore();
  const group = (await on.open(busyMerging)).group("g");
  await checkpoint(on, group, numberedCut(1));
  const copy = on.disk.copy();
  await checkpoint(on, group, numberedCut(2));
  on.disk.flipBit(seeded(1));
  on.disk.restore(copy);
  expect(checkNumbered((await on.open(busyMerging)).group("g"))).toBe(1);
});

test("a lost environment opens empty", async () => {
  const on = simulatedStore();
  await checkpoint(on, (await on.open()).group("g"), numberedCut(1));
  on.disk.lose();
  expect((await on.open()).group("g").checkpoint).toBeUndefined();
});
