/** Whatever fails while entries are applied stops the replica, and never the process. */
import { expect, test } from "vitest";
import { Answers } from "../../actors/replica/answers.ts";
import { Applier, type ApplierOptions } from "../../actors/replica/applier.ts";
import { encodeNoOpEntry } from "../../infra/codec/entry-codec.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { LogStore } from "../../infra/log-store/log-store.ts";
import { ReplicaLog } from "../../machines/replica-log.ts";
import { group, TestGroup } from "../kv/support/test-group.ts";
import { immediateClock } from "../support/doubles.ts";

interface Made {
  readonly applier: Applier;
  readonly appliedThrough: () => number;
}

/** Two entries are in the log. */
function madeWith(options: Partial<ApplierOptions>): Made {
  const ballot = { epoch: 1, round: 1, member: 1 };
  const log = new ReplicaLog({
    chosenThrough: 0,
    trimmedThrough: 0,
    unchosen: [1, 2].map((slot) => ({ epoch: 1, slot, ballot, entry: encodeNoOpEntry() })),
    bytesMax: Infinity,
    reload: () => undefined,
  });
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
    diskComesFirst: () => false,
    entryApplied: () => undefined,
    applied: () => undefined,
    failed: (reason) => {
      throw reason;
    },
    ...options,
  });
  return { applier, appliedThrough: () => state.appliedThrough };
}

test("a read that was waiting for an entry and meets a damaged block is a failure of the replica", () => {
  const failures: unknown[] = [];
  const damage = new SynodError("CORRUPT_STORE", "a block fails its checksum");
  const { applier, appliedThrough } = madeWith({
    applied: () => {
      throw damage;
    },
    failed: (reason) => failures.push(reason),
  });
  applier.applyThrough(1);
  expect(failures).toEqual([damage]);
  applier.applyThrough(2);
  expect([failures.length, appliedThrough()]).toEqual([1, 1]);
});

test("while the disk is busy an entry waits until it has answered, and what the answer led to has left", () => {
  const deferred: (() => void)[] = [];
  const clock = {
    ...immediateClock(),
    defer: (callback: () => void) => void deferred.push(callback),
  };
  const { applier, appliedThrough } = madeWith({ clock, diskComesFirst: () => true });
  applier.applyThrough(1);
  expect(appliedThrough()).toBe(0);
  applier.appended();
  expect([appliedThrough(), deferred.length]).toEqual([0, 1]);
  deferred[0]?.();
  expect(appliedThrough()).toBe(1);
});

test("a disk that does not answer keeps nobody from applying for longer than to the next entry", () => {
  const { applier, appliedThrough } = madeWith({ diskComesFirst: () => true });
  applier.applyThrough(1);
  expect(appliedThrough()).toBe(0);
  applier.applyThrough(2);
  expect(appliedThrough()).toBe(2);
  applier.appended();
});
