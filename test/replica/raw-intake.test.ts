/** A raw request reached every node: it is proposed under a lease, and refused without saying too much. */
import { expect, test } from "vitest";
import { Answers, type Refusal, type Waiter } from "../../actors/replica/answers.ts";
import { FrameReplies } from "../../actors/replica/frame-replies.ts";
import { Intake } from "../../actors/replica/intake.ts";
import { defaultLimits } from "../../actors/replica/limits.ts";
import { EntryDecoder } from "../../infra/codec/entry-codec.ts";
import { requestKind } from "../../infra/codec/formats.ts";
import { ReplyEncoder } from "../../infra/codec/reply-codec.ts";
import type { RawEnvelope } from "../../infra/codec/request-envelope.ts";
import { entryKind } from "../../kv/entry.ts";
import { kept, type ExecutedFrame, type FrameOutcome } from "../../kv/frame.ts";
import { increment } from "../kv/support/operations.ts";
import { clusterId, first, group, requestBytes, sessionId } from "../kv/support/test-group.ts";

const bytes = requestBytes({ identity: "a" }, increment("n", 1));

function envelope(parts: Partial<RawEnvelope> = {}): RawEnvelope {
  const identity = sessionId("a");
  const own = { identity, kept: kept.reply, firstKey: "b\0n", hash: 1, ...parts };
  return { kind: requestKind.raw, clusterId, group, ...own };
}

class Desk {
  leads = true;
  full = false;
  readonly known = sessionId("known");
  readonly proposed: Uint8Array[] = [];
  readonly told: string[] = [];
  readonly answers = new Answers();
  readonly #deferred: (() => void)[] = [];
  readonly intake = new Intake({
    clusterId,
    clock: {
      monotonicMs: () => 0,
      wallMs: () => 0,
      after: () => () => undefined,
      defer: (callback) => this.#deferred.push(callback),
    },
    limits: { ...defaultLimits(2 ** 20), queuedFramesMax: 2 },
    answers: this.answers,
    replies: new FrameReplies(group, new ReplyEncoder(), () => undefined),
    leads: () => this.leads,
    inFlight: () => 0,
    physicalMs: () => 1_800_000_000_000,
    lastRevision: () => 0,
    sessionCount: () => 0,
    knowsSession: () => true,
    refusesMessageId: (identity) => this.full && identity !== this.known,
    saturated: () => false,
    propose: (entries) => this.proposed.push(...entries),
  });

  runDeferred(): void {
    for (const callback of this.#deferred.splice(0)) callback();
  }

  waiter(name: string): Waiter {
    return {
      executed: ({ lastRevision }: ExecutedFrame) => this.told.push(`${name} ${lastRevision}`),
      refused: ({ code }: Refusal, decided: boolean) =>
        this.told.push(`${name} ${code}${decided ? " decided" : ""}`),
    };
  }

  /** Applies what was proposed, each request with the same outcome. */
  apply(outcome: FrameOutcome): void {
    const decoder = new EntryDecoder();
    for (const entry of this.proposed.splice(0).map((one) => decoder.decode(one))) {
      if (entry.kind !== entryKind.frames) throw new Error("not frames");
      for (const logged of entry.frames) this.answers.applied(logged, outcome);
    }
  }
}

const executed: ExecutedFrame = {
  refused: false,
  number: 0,
  hash: 1,
  slot: 1,
  index: 0,
  lastRevision: 7,
  results: [7],
};

test("it waits until the lease holds", () => {
  const desk = new Desk();
  desk.leads = false;
  desk.intake.takeRequest(bytes, envelope(), desk.waiter("a"));
  desk.runDeferred();
  desk.intake.roomMade();
  expect(desk.proposed).toHaveLength(0);
  desk.leads = true;
  desk.intake.roomMade();
  expect(desk.proposed).toHaveLength(1);
  desk.apply(executed);
  expect(desk.told).toEqual(["a 7"]);
});

test("asked again while it is under way, it is proposed once and answered where it was asked last", () => {
  const desk = new Desk();
  desk.intake.takeRequest(bytes, envelope(), desk.waiter("first"));
  desk.runDeferred();
  desk.intake.takeRequest(bytes, envelope(), desk.waiter("again"));
  desk.runDeferred();
  expect(desk.proposed).toHaveLength(1);
  desk.apply(executed);
  expect(desk.told).toEqual(["again 7"]);
});

test("another request under the same identity waits for an answer of its own", () => {
  const desk = new Desk();
  const other = requestBytes({ identity: "a", hash: 2 }, increment("n", 2));
  desk.intake.takeRequest(bytes, envelope(), desk.waiter("one"));
  desk.intake.takeRequest(other, envelope({ hash: 2 }), desk.waiter("other"));
  desk.runDeferred();
  desk.apply({ refused: true, number: 0, code: "REQUEST_ID_REUSED", message: "" });
  expect(desk.told).toEqual(["one REQUEST_ID_REUSED decided", "other REQUEST_ID_REUSED decided"]);
});

test("what was never proposed, and what was, ends with the leadership", () => {
  const desk = new Desk();
  desk.intake.takeRequest(bytes, envelope(), desk.waiter("proposed"));
  desk.runDeferred();
  desk.leads = false;
  const identity = sessionId("b");
  const later = requestBytes({ identity: "b" }, increment("n", 1));
  desk.intake.takeRequest(later, envelope({ identity }), desk.waiter("queued"));
  desk.intake.clear();
  desk.answers.refuseUnproposed({ code: "NOT_LEADER", message: "", hint: undefined });
  desk.answers.abandonProposed("", undefined);
  expect(desk.told).toEqual(["queued NOT_LEADER", "proposed LEADERSHIP_LOST"]);
});

test("too many at once, and too many message ids, are refused; who waits for nothing hears nothing", () => {
  const desk = new Desk();
  desk.full = true;
  desk.intake.takeRequest(bytes, envelope({ kept: kept.message }), desk.waiter("named"));
  desk.intake.takeRequest(bytes, envelope(), desk.waiter("a"));
  const nameless = requestBytes({ identity: "", kept: kept.nothing }, increment("n", 1));
  const bare = envelope({ identity: "", kept: kept.nothing });
  desk.intake.takeRequest(nameless, bare, undefined);
  desk.intake.takeRequest(nameless, bare, undefined);
  desk.intake.takeRequest(bytes, envelope({ hash: 3 }), desk.waiter("late"));
  expect(desk.told).toEqual(["named OVERLOADED", "late OVERLOADED"]);
  desk.runDeferred();
  const entry = new EntryDecoder().decode(first(desk.proposed));
  expect(entry.kind === entryKind.frames && entry.frames.length).toBe(2);
});

test("a message id that is known is asked again for its answer, however many are kept", () => {
  const desk = new Desk();
  desk.full = true;
  const own = { identity: desk.known, kept: kept.message } as const;
  const again = requestBytes({ identity: "known", kept: kept.message }, increment("n", 1));
  desk.intake.takeRequest(again, envelope(own), desk.waiter("again"));
  desk.runDeferred();
  desk.apply(executed);
  expect(desk.told).toEqual(["again 7"]);
});
