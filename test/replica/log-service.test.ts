/** Answers to those who miss chosen entries have to fit into one message, however many small entries there are. */
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
