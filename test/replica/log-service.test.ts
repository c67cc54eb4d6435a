/**
 * Answers to those who miss chosen entries have to fit into one message, however many small entries there are, and what the
 * disk does not hold yet is answered from memory.
 */
import { expect, test } from "vitest";
import { defaultLimits } from "../../actors/replica/limits.ts";
import { LogService } from "../../actors/replica/log-service.ts";
import { encodePeerMessage } from "../../infra/codec/peer-codec.ts";
import type { LogStore } from "../../infra/log-store/log-store.ts";
import type { LogRecord } from "../../machines/record.ts";
import { ReplicaLog } from "../../machines/replica-log.ts";

const payloadBytesMax = 2 ** 20;
const wide = Number.MAX_SAFE_INTEGER;
const envelope = {
  cluster: "c".repeat(32),
  group: "g".repeat(32),
  epoch: 1,
  member: wide,
  incarnation: wide,
  start: wide,
};

function answerTo(records: readonly LogRecord[]): Uint8Array {
  const through = records.length;
  const log = new ReplicaLog({
    chosenThrough: 0,
    trimmedThrough: 0,
    unchosen: records,
    bytesMax: Infinity,
    reload: () => undefined,
  });
  log.markChosen(through);
  const service = new LogService({
    group: "g1",
    epoch: 1,
    log,
    store: {} as LogStore,
    bytesMax: defaultLimits(payloadBytesMax).messageBytesMax,
  });
  const ballots = records.map(() => undefined);
  return encodePeerMessage(envelope, service.answer({ from: 1, through, ballots }));
}

for (const entryBytes of [0, 10, 1_000, 2_030, 2_040, 2_060, 10_000, 500_000]) {
  test(`512 chosen entries of ${entryBytes} bytes are answered in a message that fits`, () => {
    const records = Array.from({ length: 512 }, (_, index) => ({
      epoch: 1,
      slot: index + 1,
      ballot: { epoch: 1, round: wide, member: wide },
      entry: new Uint8Array(entryBytes),
    }));
    expect(answerTo(records).length).toBeLessThanOrEqual(payloadBytesMax);
  });
}

test("a learned value is answered, not what the disk still holds in its place", () => {
  const ballot = (round: number) => ({ epoch: 1, round, member: 1 });
  const record = (slot: number, round: number): LogRecord => {
    return { epoch: 1, slot, ballot: ballot(round), entry: Uint8Array.of(round) };
  };
  const onDisk = [record(1, 1), record(2, 1), record(3, 1)];
  const log = new ReplicaLog({
    chosenThrough: 1,
    trimmedThrough: 0,
    unchosen: [record(2, 1), record(3, 1)],
    bytesMax: Infinity,
    reload: () => undefined,
  });
  log.put(record(2, 2), 1);
  log.put(record(3, 2), 1);
  log.markChosen(3);
  const read = (_: string, __: number, from: number, through: number) =>
    onDisk.filter(({ slot }) => slot >= from && slot <= through);
  const store = { read } as unknown as LogStore;
  const service = new LogService({ group: "g1", epoch: 1, log, store, bytesMax: 1_000 });
  const { slots } = service.answer({ from: 1, through: 3, ballots: [] });
  expect(slots.map(({ slot, ballot: { round } }) => [slot, round])).toEqual([
    [1, 1],
    [2, 2],
    [3, 2],
  ]);
});
