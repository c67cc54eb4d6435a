/** What a replica keeps in memory of its log, and what it leaves to the store. */
import { expect, test } from "vitest";
import type { LogRecord } from "../../machines/record.ts";
import { ReplicaLog } from "../../machines/replica-log.ts";
import { entryOf } from "./support/notation.ts";

function record(slot: number, round: number, entry: string): LogRecord {
  return { epoch: 1, slot, ballot: { epoch: 1, round, member: 1 }, entry: entryOf(entry) };
}

function logOverStore(unchosen: readonly LogRecord[], bytesMax = 1_000): ReplicaLog {
  const stored = new Map(unchosen.map((known) => [known.slot, known]));
  return new ReplicaLog({
    chosenThrough: 0,
    trimmedThrough: 0,
    unchosen,
    bytesMax,
    reload: (slot) => stored.get(slot),
  });
}

test("a learned value is held until it is on disk, although it is applied: the store still has what it replaces", () => {
  const log = logOverStore([record(1, 1, "accepted")]);
  log.put(record(1, 2, "chosen"), 1);
  log.markChosen(1);
  log.release(1);
  expect(log.get(1)).toEqual(record(1, 2, "chosen"));
  log.noteDurable(1);
  expect(log.get(1)).toBeUndefined();
});

test("a value that is on disk is given up once it is applied", () => {
  const log = logOverStore([]);
  log.put(record(1, 1, "x"), 1);
  log.noteDurable(1);
  expect(log.get(1)).toEqual(record(1, 1, "x"));
  log.markChosen(1);
  log.release(1);
  expect(log.get(1)).toBeUndefined();
});

test("entries beyond the bound are read back from the store, those not on disk are kept", () => {
  const stored = record(1, 1, "stored");
  const log = logOverStore([stored], 8);
  log.put(record(2, 1, "fresh"), 1);
  log.noteDurable(0);
  expect(log.get(1)).toBe(stored);
  expect(log.get(2)).toEqual(record(2, 1, "fresh"));
});
