import { expect, test } from "vitest";
import type { FrameOutcome } from "../../kv/frame.ts";
import { expiriesPerEntryMax, sessionLifetime, sessionWindow } from "../../kv/limits.ts";
import { space } from "../../kv/state-reader.ts";
import { versionKind } from "../../kv/version.ts";
import { readOut } from "./support/memory-checkpoint.ts";
import { get, increment, put, remove, transaction } from "./support/operations.ts";
import { plain } from "./support/plain.ts";
import {
  birth,
  executed,
  frameBytes,
  sessionId,
  TestGroup,
  type FrameOptions,
} from "./support/test-group.ts";

function send(group: TestGroup, options: FrameOptions, delta = 1): FrameOutcome | undefined {
  return group.frames(frameBytes(options, [increment("n", delta)]))[0];
}

function codeOf(outcome: FrameOutcome | undefined): string {
  return outcome === undefined || !outcome.refused ? "executed" : outcome.code;
}

function counter(group: TestGroup): unknown {
  return plain(group.read(get("n"))[0]);
}

test("a frame that arrives twice takes effect once and gets the same answer, slot and position included", () => {
  const group = new TestGroup();
  const once = executed(send(group, { number: 1 }));
  send(group, { number: 2 });
  expect(send(group, { number: 1 })).toEqual(once);
  const inOneEntry = group.frames(
    frameBytes({ number: 3 }, [increment("n", 1)]),
    frameBytes({ number: 3 }, [increment("n", 1)]),
  );
  expect(inOneEntry[1]).toBe(inOneEntry[0]);
  expect(counter(group)).toMatchObject({ value: "3" });
});

test("a duplicate gets values as they were, not as they are now", () => {
  const group = new TestGroup();
  group.one(put("key", "before"));
  const frame = frameBytes({ number: 1 }, [transaction([], [get("key"), increment("n", 5)])]);
  const answer = executed(group.frames(frame)[0]).results.map(plain);
  group.one(put("key", "after"));
  expect(executed(group.frames(frame)[0]).results.map(plain)).toEqual(answer);
  group.checkpointNow();
  group.restart();
  expect(executed(group.frames(frame)[0]).results.map(plain)).toEqual(answer);
  expect(JSON.stringify(answer)).toContain("before");
});

test("another request under a number that was answered is SESSION_MISUSE", () => {
  const group = new TestGroup();
  send(group, { number: 1 });
  expect(codeOf(send(group, { number: 1 }, 2))).toBe("SESSION_MISUSE");
  expect(counter(group)).toMatchObject({ value: "1" });
});

test("a retry may carry a newer floor: it is still the same request", () => {
  const group = new TestGroup();
  send(group, { number: 1 });
  const answer = send(group, { number: 2 });
  expect(send(group, { number: 2, floor: 1 })).toEqual(answer);
});

test("numbers at or below the floor are STALE_FRAME, even those never seen", () => {
  const group = new TestGroup();
  send(group, { number: 5, floor: 3 });
  for (const number of [1, 3]) expect(codeOf(send(group, { number }))).toBe("STALE_FRAME");
  expect(codeOf(send(group, { number: 4 }))).toBe("executed");
  expect(codeOf(send(group, { number: 4, floor: 4 }))).toBe("STALE_FRAME");
  expect(counter(group)).toMatchObject({ value: "2" });
});

test("a frame with a floor that is refused raises the floor all the same", () => {
  const group = new TestGroup();
  send(group, { number: 1 });
  expect(codeOf(send(group, { number: 2000, floor: 2 }))).toBe("SESSION_WINDOW");
  expect(codeOf(send(group, { number: 2 }))).toBe("STALE_FRAME");
});

test("the window ends 256 numbers above the floor", () => {
  const group = new TestGroup();
  expect(codeOf(send(group, { number: sessionWindow }))).toBe("executed");
  expect(codeOf(send(group, { number: sessionWindow + 1 }))).toBe("SESSION_WINDOW");
  expect(codeOf(send(group, { number: sessionWindow + 1, floor: 1 }))).toBe("executed");
});

test("frames of a session may arrive in any order", () => {
  const group = new TestGroup();
  const answers = [3, 1, 4, 2].map((number) => send(group, { number }));
  expect([3, 1, 4, 2].map((number) => send(group, { number }))).toEqual(answers);
  expect(counter(group)).toMatchObject({ value: "4" });
});

test("a session expires 30 minutes after its birth, by the log's time", () => {
  const group = new TestGroup();
  send(group, { number: 1 });
  group.tick(birth + sessionLifetime);
  expect(codeOf(send(group, { number: 2 }))).toBe("executed");
  group.tick(birth + sessionLifetime + 10);
  expect(codeOf(send(group, { number: 3 }))).toBe("SESSION_EXPIRED");
  expect(codeOf(send(group, { number: 1 }))).toBe("SESSION_EXPIRED");
  expect(codeOf(send(group, { number: 1, floor: 1 }))).toBe("STALE_FRAME");
  expect(counter(group)).toMatchObject({ value: "2" });
});

test("a session ends with the revision right behind its lifetime, and is not opened anew by a late frame", () => {
  const group = new TestGroup();
  send(group, { number: 1 });
  group.tick(birth + sessionLifetime + 1);
  expect(codeOf(send(group, { number: 1 }))).toBe("SESSION_EXPIRED");
  expect(counter(group)).toMatchObject({ value: "1" });
});

test("a frame of an expired session that nobody knew leaves nothing behind", () => {
  const group = new TestGroup();
  group.tick(birth + sessionLifetime + 10);
  send(group, { number: 1 });
  const { cells } = readOut(group.replica.freeze());
  expect(cells.get(space.session)).toEqual([]);
});

test("a session id with another birth is SESSION_MISUSE", () => {
  const group = new TestGroup();
  send(group, { number: 1 });
  expect(codeOf(send(group, { number: 2, born: birth + 1 }))).toBe("SESSION_MISUSE");
});

test("a frame that names another group or cluster is not executed here", () => {
  const group = new TestGroup();
  expect(codeOf(send(group, { number: 1, group: "g2" }))).toBe("WRONG_REGION");
  expect(codeOf(send(group, { number: 1, clusterId: "other" }))).toBe("WRONG_CLUSTER");
  expect(counter(group)).toBe(null);
  expect(codeOf(send(group, { number: 1 }))).toBe("executed");
});

test("the sessions due at one entry are removed in the order of their birth, a bounded number at a time", () => {
  const group = new TestGroup();
  const count = expiriesPerEntryMax + 5;
  for (let at = count - 1; at >= 0; at--) {
    send(group, { session: `s${at}`, born: birth + at, number: 1 });
  }
  group.tick(birth + count + sessionLifetime + 1000);
  group.checkpointNow();
  group.restart();
  expect(group.replica.nextExpiry).toBe(birth + expiriesPerEntryMax + sessionLifetime + 1);
  group.noOp();
  expect(group.replica.nextExpiry).toBe(birth + expiriesPerEntryMax + sessionLifetime + 1);
  group.tick(group.now + 1);
  expect(group.replica.nextExpiry).toBe(Infinity);
});

test("answers survive a restart from a checkpoint, and the log behind it is executed once", () => {
  const group = new TestGroup();
  const before = executed(send(group, { number: 1 }));
  group.checkpointNow();
  const behind = executed(send(group, { number: 2 }));
  group.restart();
  expect(send(group, { number: 1 })).toEqual(before);
  expect(send(group, { number: 2 })).toEqual(behind);
  expect(counter(group)).toMatchObject({ value: "2" });
});

test("a cut holds each session as it was when it was cut, even if the session changed or expired since", () => {
  const group = new TestGroup();
  send(group, { number: 1 });
  send(group, { session: "quiet", number: 1 });
  const cut = group.replica.freeze();
  send(group, { number: 2, floor: 1 });
  group.tick(birth + sessionLifetime + 10);
  group.checkpoint.add(readOut(cut));
  group.replica.checkpointed();
  const answersOf = (name: string) => {
    const cell = group.checkpoint.find(space.session, sessionId(name), group.log.length);
    return cell?.kind === versionKind.put ? cell.revision : undefined;
  };
  expect([answersOf("s"), answersOf("quiet")]).toEqual([2, 2]);
  group.restart();
  expect(counter(group)).toMatchObject({ value: "3" });
  group.checkpointNow();
  expect(group.checkpoint.count(space.session)).toBe(0);
});

test("only sessions that changed go into the next checkpoint", () => {
  const group = new TestGroup();
  send(group, { session: "a", number: 1 });
  send(group, { session: "b", number: 1 });
  group.checkpointNow();
  send(group, { session: "b", number: 2 });
  const { cells } = readOut(group.replica.freeze());
  expect(cells.get(space.session)?.map(({ key }) => key)).toEqual([sessionId("b")]);
});

test("one operation of a frame failing leaves the others alone", () => {
  const group = new TestGroup();
  const results = group.write(put("a", "x"), increment("a", 1), remove("a", 5), put("b", "y"));
  expect(results.map((result) => typeof result)).toEqual(["number", "object", "object", "number"]);
  expect(plain(results[1])).toMatchObject({ code: "NOT_A_NUMBER" });
  expect(plain(results[2])).toMatchObject({ code: "CONFLICT", revision: results[0] });
});

test("open sessions are counted until they expire", () => {
  const group = new TestGroup();
  group.frames(frameBytes({ session: "one", number: 1 }, [put("a", "1")]));
  group.frames(frameBytes({ session: "two", number: 1 }, [put("a", "1")]));
  expect(group.replica.sessionCount).toBe(2);
  expect([sessionId("one"), sessionId("none")].map((id) => group.replica.knowsSession(id))).toEqual(
    [true, false],
  );
  group.tick(birth + sessionLifetime + 1);
  expect(group.replica.sessionCount).toBe(0);
});
