import { expect, test } from "vitest";
import type { CutCell } from "../../kv/checkpoint.ts";
import { checksumInterval } from "../../kv/limits.ts";
import { space } from "../../kv/state-reader.ts";
import { encodeTickEntry } from "../../infra/codec/entry-codec.ts";
import {
  MemoryCheckpoint,
  readOut,
  versionOf,
  type WrittenCut,
} from "./support/memory-checkpoint.ts";
import { get, increment, put, range, remove } from "./support/operations.ts";
import { plain, plainRows, valueText } from "./support/plain.ts";
import { birth, everything, frameBytes, TestGroup } from "./support/test-group.ts";

/** A cell is only lent: the next step shows another one in the same object. */
function shown(cell: CutCell | undefined): unknown[] {
  return [cell?.key, cell && valueText(versionOf(cell))];
}

test("a cut is the state at one slot, whatever is applied while it is read", () => {
  const group = new TestGroup();
  group.write(put("a", "before"), put("b", "before"));
  const cut = group.replica.freeze();
  const data = cut.cells(space.data);
  const first = shown(data.next());
  group.write(put("a", "after"), remove("b"), put("c", "after"));
  const second = shown(data.next());
  expect([first, second]).toEqual([
    ["b\0a", "before"],
    ["b\0b", "before"],
  ]);
  expect(data.next()).toBeUndefined();
  const { appliedThrough, lastRevision, watermark } = cut;
  expect({ appliedThrough, lastRevision, watermark }).toEqual({
    appliedThrough: 1,
    lastRevision: birth + 2,
    watermark: 0,
  });
});

test("every version of a key is in the cut, newest first", () => {
  const group = new TestGroup();
  group.write(put("a", "1"), put("a", "2"), remove("a"));
  const cells = readOut(group.replica.freeze()).cells.get(space.data);
  expect(cells?.map(({ version }) => version.revision - birth)).toEqual([3, 2, 1]);
});

test("only one cut is open at a time, and only an open one can become the checkpoint", () => {
  const group = new TestGroup();
  expect(() => group.replica.checkpointed()).toThrow(/invariant/);
  group.replica.freeze();
  expect(() => group.replica.freeze()).toThrow(/invariant/);
  group.replica.checkpointed();
  expect(() => group.replica.checkpointed()).toThrow(/invariant/);
});

test("the table is let go of once its cut is the checkpoint", () => {
  const group = new TestGroup();
  group.one(put("a", "x".repeat(10_000)));
  const before = group.replica.tableBytes;
  expect(before).toBeGreaterThan(10_000);
  const cut = readOut(group.replica.freeze());
  expect(group.replica.tableBytes).toBe(before);
  group.checkpoint.add(cut);
  group.replica.checkpointed();
  expect(group.replica.tableBytes).toBe(0);
  expect(plain(group.read(get("a"))[0])).toMatchObject({ value: "x".repeat(10_000) });
});

test("a replica that starts from a checkpoint continues exactly like one that never stopped", () => {
  const steady = new TestGroup(everything, new MemoryCheckpoint(false));
  const restarting = new TestGroup();
  for (let slot = 1; slot <= 60; slot++) {
    const operations = [increment("n", slot), put(`k${slot % 7}`, `v${slot}`, { ttlMs: slot % 5 })];
    const frame = frameBytes({ number: slot, floor: slot - 3 }, operations);
    for (const group of [steady, restarting]) {
      group.now = birth + slot * 5000;
      group.frames(frame);
    }
    if (slot % 10 === 0) restarting.checkpointNow();
    if (slot % 7 === 0) restarting.restart();
    expect(restarting.replica.checksum).toEqual(steady.replica.checksum);
    expect(plainRows(restarting.read(range("", undefined))[0])).toEqual(
      plainRows(steady.read(range("", undefined))[0]),
    );
  }
});

test("an entry out of order stops the replica", () => {
  const group = new TestGroup();
  group.noOp();
  const entry = { kind: 0 } as const;
  expect(() => group.replica.apply(1, entry)).toThrow(/slot order/);
  expect(() => group.replica.apply(3, entry)).toThrow(/slot order/);
});

test("a no-op changes nothing but the applied slot", () => {
  const group = new TestGroup();
  const revision = group.one(put("a", "1", { ttlMs: 1 }));
  group.noOp();
  expect(group.replica.appliedThrough).toBe(2);
  expect(group.replica.lastRevision).toBe(revision);
});

test("replicas that applied different things differ in their checksum from then on", () => {
  const [one, other] = [new TestGroup(), new TestGroup()];
  one.one(put("a", "1"));
  other.one(put("a", "2"));
  expect(one.replica.checksum).not.toEqual(other.replica.checksum);
  for (const group of [one, other]) group.one(put("a", "3"));
  expect(one.replica.checksum.slot).toBe(other.replica.checksum.slot);
  expect(one.replica.checksum.value).not.toBe(other.replica.checksum.value);
});

/** A store that loses what it was given. */
class LossyCheckpoint extends MemoryCheckpoint {
  override add(cut: WrittenCut): void {
    super.add({ ...cut, cells: new Map([...cut.cells, [space.data, []]]) });
  }
}

test("a replica whose store lost a key shows another checksum as soon as the key matters", () => {
  const sound = new TestGroup();
  const damaged = new TestGroup(everything, new LossyCheckpoint(true));
  for (const group of [sound, damaged]) {
    group.one(increment("n", 1));
    group.checkpointNow();
    group.one(put("other", "1"));
  }
  expect(damaged.replica.checksum).toEqual(sound.replica.checksum);
  for (const group of [sound, damaged]) group.one(increment("n", 1));
  expect(damaged.replica.checksum.value).not.toBe(sound.replica.checksum.value);
});

test("the checksum that replicas compare is taken at every 10,000th slot and survives a restart", () => {
  const group = new TestGroup();
  const tick = encodeTickEntry(birth);
  for (let slot = 1; slot < checksumInterval; slot++) group.append(tick);
  expect(group.replica.comparableChecksum).toEqual({ slot: 0, value: 0 });
  group.append(tick);
  const taken = group.replica.checksum;
  expect(taken.slot).toBe(checksumInterval);
  group.append(tick);
  expect(group.replica.comparableChecksum).toEqual(taken);
  group.checkpointNow();
  group.restart();
  expect(group.replica.comparableChecksum).toEqual(taken);
});
