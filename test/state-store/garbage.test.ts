/** What newer versions have hidden goes when there is as much of it as of what has not; where nothing is hidden, nothing is rewritten. */
import { expect, test } from "vitest";
import { SimulatedDisk } from "../../infra/state-store/simulated-disk.ts";
import { openSimulatedStateStore } from "../../infra/state-store/simulated-state-store.ts";
import { newest } from "../../kv/revision.ts";
import { space } from "../../kv/state-reader.ts";
import { versionKind } from "../../kv/version.ts";
import { cutOf, put, tombstone, type PlainCell } from "./cuts.ts";
import { ManualClock } from "./manual-clock.ts";

/** No run is merged for being like others. */
const garbageOnly = { fanIn: 1000, smallBytes: 1024, garbageRatio: 1.5 };
const keysOfRun = 500;
const value = "v".repeat(200);

/** A group on a simulated disk; every cut may give up all versions but the newest. */
class Group {
  readonly #clock = new ManualClock();
  readonly #group = openSimulatedStateStore(new SimulatedDisk(), this.#clock, garbageOnly).group(
    "g",
  );
  #cuts = 0;
  #revision = 0;

  /** One cut with a cell for each of these keys. */
  write(keys: readonly number[], cell: "put" | "tombstone" = "put"): void {
    const cells = keys.map((key): PlainCell => {
      this.#revision += 1;
      const name = `key-${String(key).padStart(9, "0")}`;
      return cell === "put"
        ? put(space.data, name, this.#revision, value)
        : tombstone(space.data, name, this.#revision);
    });
    this.#cuts += 1;
    const through = this.#cuts;
    const cut = cutOf({ appliedThrough: through, watermark: this.#revision }, cells);
    this.#group.write(cut, () => this.#group.switchTo(through, () => undefined));
    this.#clock.runAll();
  }

  get statistics() {
    return this.#group.statistics();
  }

  has(key: number): boolean {
    const name = `key-${String(key).padStart(9, "0")}`;
    return this.#group.find(space.data, name, newest)?.kind === versionKind.put;
  }
}

/** So many keys behind each other, from the given one on. */
function keys(from: number, count = keysOfRun): number[] {
  return Array.from({ length: count }, (_, at) => from + at);
}

test("new keys hide nothing, and are rewritten when they are many times what was there", () => {
  const group = new Group();
  for (let run = 0; run < 12; run += 1) group.write(keys(run * keysOfRun));
  expect(group.statistics).toMatchObject({ runs: 12, merges: 0, merging: false });
  group.write(keys(12 * keysOfRun));
  expect(group.statistics).toMatchObject({ runs: 1, merges: 1, merging: false });
});

test("of what comes and goes again nothing is left", () => {
  const group = new Group();
  let most = 0;
  for (let round = 0; round < 30; round += 1) {
    const [old, young] = [keys(round * keysOfRun), keys((round + 1) * keysOfRun)];
    group.write(old, "tombstone");
    group.write(young);
    most = Math.max(most, group.statistics.bytes);
  }
  group.write(keys(30 * keysOfRun), "tombstone");
  const alone = new Group();
  alone.write(keys(0));
  expect(most).toBeLessThan(4 * alone.statistics.bytes);
});

test("keys that are written again are merged when as much and a half is hidden", () => {
  const group = new Group();
  group.write(keys(0));
  const alone = group.statistics.bytes;
  group.write(keys(0));
  expect(group.statistics.merges).toBe(0);
  group.write(keys(0));
  expect(group.statistics).toMatchObject({ runs: 1, merges: 1 });
  expect(group.statistics.bytes).toBe(alone);
});

test("what is written again of much else is worth a merge when it has become that much", () => {
  const group = new Group();
  for (let run = 0; run < 4; run += 1) group.write(keys(run * keysOfRun));
  let rounds = 0;
  for (; group.statistics.merges === 0 && rounds < 20; rounds += 1) group.write(keys(0));
  // Four runs are alive, and six of those that came are hidden by another one.
  expect(rounds).toBeGreaterThanOrEqual(5);
  expect(rounds).toBeLessThanOrEqual(7);
  expect(group.has(3 * keysOfRun)).toBe(true);
});

test("small tombstones make way for the large values they hide", () => {
  const group = new Group();
  for (let run = 0; run < 4; run += 1) group.write(keys(run * keysOfRun));
  const full = group.statistics.bytes;
  for (let run = 0; run < 3; run += 1) group.write(keys(run * keysOfRun), "tombstone");
  expect(group.statistics.merges).toBeGreaterThan(0);
  expect(group.statistics.bytes).toBeLessThan(full / 3);
  expect([group.has(0), group.has(3 * keysOfRun)]).toEqual([false, true]);
});
