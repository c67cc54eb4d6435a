/** Writing makes way for the log as long as nobody waits for it, and merging for checkpoints. */
import { expect, test } from "vitest";
import { decodeManifest } from "../../infra/state-store/manifest.ts";
import { MergeFeed } from "../../infra/state-store/merge-feed.ts";
import { RunBuilder } from "../../infra/state-store/run-builder.ts";
import { SimulatedDisk } from "../../infra/state-store/simulated-disk.ts";
import { openSimulatedStateStore } from "../../infra/state-store/simulated-state-store.ts";
import { Urgency } from "../../infra/state-store/urgency.ts";
import { space } from "../../kv/state-reader.ts";
import { cutOf, put } from "./cuts.ts";
import { ManualClock } from "./manual-clock.ts";

const never = { fanIn: 1000, smallBytes: 1024, garbageRatio: 1000 };
const whenDue = { fanIn: 33, smallBytes: 1024, garbageRatio: 1000 };

function cut(number: number) {
  return cutOf({ appliedThrough: number }, [put(space.data, `k${number}`, number, "v")]);
}

test("who is in a hurry does not rest, in whichever thread that was said", () => {
  const urgency = new Urgency();
  new Urgency(urgency.shared).set(true);
  expect(urgency.rest(3_000)).toBe(false);
  urgency.set(false);
  expect(urgency.rest(5)).toBe(true);
});

test("when the next cut is due the one under way is written in a hurry, and none after it", () => {
  const clock = new ManualClock();
  const disk = new SimulatedDisk();
  const group = openSimulatedStateStore(disk, clock, never).group("g");
  group.hurry();
  expect(disk.isHurried).toBe(false);
  group.write(cut(1), () => group.switchTo(1, () => undefined));
  expect(disk.isHurried).toBe(false);
  group.hurry();
  expect(disk.isHurried).toBe(true);
  clock.runAll();
  expect([group.checkpoint?.appliedThrough, disk.isHurried]).toEqual([1, false]);
  group.write(cut(2), () => undefined);
  expect(disk.isHurried).toBe(false);
  group.hurry();
  clock.runAll();
  // Whoever had it written may be gone, and never switch to it.
  expect([group.checkpoint?.appliedThrough, disk.isHurried]).toEqual([1, false]);
});

test("one group that is behind hurries all that share its disk", () => {
  const clock = new ManualClock();
  const disk = new SimulatedDisk();
  const store = openSimulatedStateStore(disk, clock, never);
  const [late, other] = [store.group("late"), store.group("other")];
  const hurriedMeanwhile: boolean[] = [];
  other.write(cut(1), () => hurriedMeanwhile.push(disk.isHurried));
  late.write(cut(1), () => undefined);
  late.hurry();
  clock.runAll();
  expect([hurriedMeanwhile, disk.isHurried]).toEqual([[true], false]);
});

test("runs that pile up are merged in a hurry", () => {
  const clock = new ManualClock();
  const disk = new SimulatedDisk();
  const quietMs = 1_000_000;
  const group = openSimulatedStateStore(disk, clock, whenDue, quietMs).group("g");
  const hurried: boolean[] = [];
  for (let number = 1; number <= 33; number += 1) {
    group.write(cut(number), () => {
      group.switchTo(number, () => hurried.push(disk.isHurried));
    });
    while (hurried.length < number) clock.step();
  }
  expect(hurried.indexOf(true)).toBe(31);
  expect([group.statistics().runs, group.statistics().merging]).toEqual([33, true]);
  clock.runAll();
  expect([group.statistics().runs, disk.isHurried]).toEqual([1, false]);
});

test("a step of merging large values fills about one chunk, whatever the number of cells", () => {
  const clock = new ManualClock();
  const disk = new SimulatedDisk();
  const group = openSimulatedStateStore(disk, clock, never).group("g");
  for (let number = 1; number <= 2; number += 1) {
    const cells = Array.from({ length: 120 }, (_, at) =>
      put(space.data, `k${at}-${number}`, number, "x".repeat(40_000)),
    );
    group.write(cutOf({ appliedThrough: number }, cells), () => {
      group.switchTo(number, () => undefined);
    });
    clock.runAll();
  }
  const manifest = disk.contents().manifests.get("g") ?? new Uint8Array();
  const { runs } = decodeManifest("g", manifest);
  const device = {
    read: (run: number, block: number) => disk.read(run, block),
    chunk: (bytes: number) => new Uint8Array(Math.max(bytes, 512 * 1024)),
    write: () => undefined,
  };
  const plan = { output: 99, inputs: runs, containsOldest: true, watermark: 0 };
  const feed = new MergeFeed(device, plan);
  let chunks = 0;
  const builder = new RunBuilder(device, 99, () => (chunks += 1));
  const inOneStep: number[] = [];
  for (let more = true; more;) {
    const before = chunks;
    more = feed.feedSome(builder);
    inOneStep.push(chunks - before);
  }
  expect(Math.max(...inOneStep)).toBeLessThanOrEqual(2);
  expect(chunks).toBeGreaterThan(15);
});
