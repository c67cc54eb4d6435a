/** Sessions live in the memory of every member: a client that opens one after the other must not fill it. */
import { expect, test } from "vitest";
import { Answers } from "../../actors/replica/answers.ts";
import { FrameReplies } from "../../actors/replica/frame-replies.ts";
import { Intake } from "../../actors/replica/intake.ts";
import { defaultLimits } from "../../actors/replica/limits.ts";
import { requestKind } from "../../infra/codec/formats.ts";
import { ReplyDecoder, ReplyEncoder } from "../../infra/codec/reply-codec.ts";
import { clusterId, group, sessionId } from "../kv/support/test-group.ts";
import { immediateClock } from "../support/doubles.ts";

test("with too many sessions open, those that are known go on and no new one is opened", () => {
  const refused: string[] = [];
  const deliver = (reply: string, bytes: Uint8Array): void => {
    const decoded = new ReplyDecoder().decode(bytes);
    refused.push(`${reply} ${"code" in decoded ? decoded.code : "executed"}`);
  };
  const intake = new Intake({
    clusterId,
    clock: immediateClock(),
    limits: { ...defaultLimits(2 ** 20), sessionsMax: 3 },
    answers: new Answers(),
    replies: new FrameReplies(group, new ReplyEncoder(), deliver),
    leads: () => true,
    refusesMessageId: () => true,
    inFlight: () => undefined,
    physicalMs: () => undefined,
    lastRevision: () => 0,
    sessionCount: () => 3,
    knowsSession: (session) => session === sessionId("known"),
    saturated: () => false,
    propose: () => undefined,
  });
  for (const name of ["known", "new"]) {
    const session = sessionId(name);
    const envelope = { clusterId, group, session, born: 0, number: 1, floor: 0 };
    const frame = new Uint8Array(9);
    intake.take(frame, { kind: requestKind.write, ...envelope }, `_INBOX.${name}`);
  }
  expect(refused).toEqual(["_INBOX.new OVERLOADED"]);
  expect(intake.queuedFrames).toBe(1);
});
