/** Whatever fails while entries are applied stops the replica, and never the process. */
import { expect, test } from "vitest";
import { Answers } from "../../actors/replica/answers.ts";
import { Applier } from "../../actors/replica/applier.ts";
import { encodeNoOpEntry } from "../../infra/codec/entry-codec.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { LogStore } from "../../infra/log-store/log-store.ts";
import { ReplicaLog } from "../../machines/replica-log.ts";
import { group, TestGroup } from "../kv/support/test-group.ts";
import { immediateClock } from "../support/doubles.ts";

test("a read that was waiting for an entry and meets a damaged block is a failure of the replica", () => {
  const ballot = { epoch: 1, round: 1, member: 1 };
  const log = new ReplicaLog({
    chosenThrough: 0,
    trimmedThrough: 0,
    unchosen: [1, 2].map((slot) => ({ epoch: 1, slot, ballot, entry: encodeNoOpEntry() })),
    bytesMax: Infinity,
    reload: () => undefined,
  });
  const failures: unknown[] = [];
  const damage = new SynodError("CORRUPT_STORE", "a block fails its checksum");
  const state = new TestGroup().replica;
  const applier = new Applier({
    group,
    epoch: 1,
    clock: immediateClock(),
    log,
    store: {} as LogStore,
    state,
    answers: new Answers(),
    saturated: () => false,
    entryApplied: () => undefined,
    applied: () => {
      throw damage;
    },
    failed: (reason) => failures.push(reason),
  });
  applier.applyThrough(1);
  expect(failures).toEqual([damage]);
  applier.applyThrough(2);
  expect([failures.length, state.appliedThrough]).toEqual([1, 1]);
});
