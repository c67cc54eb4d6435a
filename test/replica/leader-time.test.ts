/** What a leader says of time: no single clock moves it, and nothing is called fresher than it is. */
import { expect, test } from "vitest";
import { Answers, type Refusal } from "../../actors/replica/answers.ts";
import { FrameReplies } from "../../actors/replica/frame-replies.ts";
import { Freshness } from "../../actors/replica/freshness.ts";
import { Intake } from "../../actors/replica/intake.ts";
import { defaultLimits } from "../../actors/replica/limits.ts";
import { Reads, type Asked, type Reading } from "../../actors/replica/reads.ts";
import { EntryDecoder } from "../../infra/codec/entry-codec.ts";
import { consistency, requestKind } from "../../infra/codec/formats.ts";
import { ReplyEncoder } from "../../infra/codec/reply-codec.ts";
import type { Clock } from "../../infra/clock/clock.ts";
import { wallMsOf } from "../../kv/revision.ts";
import type { Configuration } from "../../machines/configuration.ts";
import { Reign } from "../../machines/proposer/reign.ts";
import { clusterId, frameBytes, group, sessionId, TestGroup } from "../kv/support/test-group.ts";
import { put } from "../kv/support/operations.ts";

const startWallMs = 1_800_000_000_000;
const dayMs = 24 * 60 * 60 * 1000;

const configuration: Configuration = {
  epoch: 1,
  members: [1, 2, 3].map((member) => ({ node: `n${member}`, member })),
  phase1: 2,
  phase2: 2,
  leaseMs: 600,
  driftRatio: 0.1,
};

/** A leader of three, whose wall clock is `aheadMs` ahead of the others'. */
class Leader {
  nowMs = 0;
  readonly reign = new Reign(configuration, { epoch: 1, round: 1, member: 1 }, 0);
  readonly aheadMs: number;
  readonly #deferred: (() => void)[] = [];
  readonly clock: Clock = {
    monotonicMs: () => this.nowMs,
    wallMs: () => startWallMs + this.nowMs + this.aheadMs,
    after: () => () => undefined,
    defer: (callback) => this.#deferred.push(callback),
  };

  constructor(aheadMs = 0) {
    this.aheadMs = aheadMs;
    this.reign.open(0, 1);
  }

  runDeferred(): void {
    for (const callback of this.#deferred.splice(0)) callback();
  }

  beat(...acknowledging: readonly number[]): void {
    const { nowMs } = this;
    const beat = this.reign.lease.nextBeat(nowMs, this.clock.wallMs(), 0);
    for (const member of acknowledging) {
      this.reign.lease.acknowledge({
        type: "heartbeatAcked",
        ballot: this.reign.ballot,
        beat,
        memberWallMs: startWallMs + nowMs + (member === 1 ? this.aheadMs : 0),
        chosenThrough: 0,
        appliedThrough: 0,
        checkpointThrough: 0,
        checksumSlot: 0,
        checksum: 0,
        from: { node: `n${member}`, member },
        nowMs,
        wallMs: this.clock.wallMs(),
      });
    }
  }
}

test("a leader knows the time once a lease quorum has said it, and a clock a day ahead does not move it", () => {
  const leader = new Leader(dayMs);
  leader.beat(1);
  expect(leader.reign.lease.physicalMs(leader.nowMs)).toBe(undefined);
  leader.beat(1, 2);
  expect(leader.reign.lease.physicalMs(leader.nowMs)).toBe(startWallMs);
  leader.nowMs = 100;
  expect(leader.reign.lease.physicalMs(leader.nowMs)).toBe(startWallMs + 100);
  leader.nowMs = 700;
  leader.beat(1);
  expect(leader.reign.lease.physicalMs(leader.nowMs)).toBe(undefined);
});

test("frames wait until the leader knows the time", () => {
  const leader = new Leader(dayMs);
  const proposed: Uint8Array[] = [];
  const intake = new Intake({
    clusterId,
    clock: leader.clock,
    limits: defaultLimits(2 ** 20),
    answers: new Answers(),
    replies: new FrameReplies(group, new ReplyEncoder(), () => undefined),
    leads: () => true,
    refusesMessageId: () => false,
    inFlight: () => 0,
    physicalMs: () => leader.reign.lease.physicalMs(leader.nowMs),
    lastRevision: () => 0,
    sessionCount: () => 0,
    knowsSession: () => true,
    saturated: () => false,
    propose: (entries) => proposed.push(...entries),
  });
  leader.beat(1);
  const envelope = { clusterId, group, session: sessionId("s"), born: 1, number: 1, floor: 0 };
  const frame = frameBytes({ number: 1 }, [put("a", "1")]);
  intake.take(frame, { kind: requestKind.write, ...envelope }, "_INBOX.a");
  leader.runDeferred();
  expect(proposed).toEqual([]);
  leader.beat(1, 2);
  intake.roomMade();
  const entry = new EntryDecoder().decode(proposed[0] ?? new Uint8Array());
  expect("stamp" in entry && wallMsOf(entry.stamp)).toBe(startWallMs);
});

function stale(maxAgeMs: number): Asked {
  return { consistency: consistency.stale, minRevision: 0, maxAgeMs, operations: [] };
}

test("a leader without a lease, or before its first no-op, does not call its state fresh", () => {
  const leader = new Leader();
  const state = new TestGroup();
  const answered: string[] = [];
  const reader = {
    read: ({ asOf }: Reading): unknown => answered.push(`as of ${wallMsOf(asOf)}`),
    refused: ({ code }: Refusal): unknown => answered.push(code),
  };
  const reads = new Reads({
    clock: leader.clock,
    state: state.replica,
    freshness: new Freshness(leader.clock),
    waitingMax: 10,
    serving: () => leader.reign,
    whyNotReadable: () => undefined,
    failed: (reason) => expect.fail(String(reason)),
    wantRound: () => undefined,
  });
  const read = (): void => reads.take(stale(1_000), reader);
  leader.beat(1, 2);
  read();
  expect(answered.splice(0)).toEqual(["TOO_STALE"]);
  state.noOp();
  read();
  expect(answered.splice(0)).toEqual([`as of ${startWallMs}`]);
  leader.nowMs = 550;
  read();
  expect(answered.splice(0)).toEqual(["TOO_STALE"]);
});
