/** Requests without a session take effect once, for as long as their identity is kept. */
import { expect, test } from "vitest";
import { kept, type FrameOutcome, type Kept } from "../../kv/frame.ts";
import {
  messageIdentityLifetime,
  replyIdentityLifetime,
  requestBytesMax,
  requestGenerationBytesMax,
  valueBytesMax,
} from "../../kv/limits.ts";
import { revisionsPerMs } from "../../kv/revision.ts";
import { space } from "../../kv/state-reader.ts";
import { versionKind } from "../../kv/version.ts";
import { MemoryCheckpoint, readOut } from "./support/memory-checkpoint.ts";
import { get, increment, put, remove, transaction } from "./support/operations.ts";
import { plain } from "./support/plain.ts";
import {
  birth,
  everything,
  executed,
  first,
  requestBytes,
  sessionId,
  TestGroup,
  type RequestOptions,
} from "./support/test-group.ts";

function send(group: TestGroup, options: RequestOptions, delta = 1): FrameOutcome {
  return first(group.frames(requestBytes(options, increment("n", delta))));
}

function codeOf(outcome: FrameOutcome): string {
  return outcome.refused ? outcome.code : "executed";
}

function counter(group: TestGroup): unknown {
  return Number((plain(group.read(get("n"))[0]) as { value: string } | null)?.value ?? 0);
}

test("a request that gets into the log twice takes effect once and is answered alike", () => {
  const group = new TestGroup();
  const once = executed(send(group, { identity: "a" }));
  const again = executed(send(group, { identity: "a" }));
  expect(again).toEqual(once);
  expect(executed(send(group, { identity: "b" })).results).not.toEqual(once.results);
  expect(counter(group)).toBe(2);
});

test("two copies in one entry, as two batches may bring them, are one request", () => {
  const group = new TestGroup();
  const copy = requestBytes({ identity: "a" }, increment("n", 1));
  const [one, other] = group.frames(copy, copy);
  expect(other).toEqual(one);
  expect(counter(group)).toBe(1);
});

test("failures are answers too: they are not executed later", () => {
  const group = new TestGroup();
  const request = requestBytes({ identity: "a" }, put("k", "v", { expectation: 5 }));
  expect(executed(group.frames(request)[0]).results).toMatchObject([{ code: "CONFLICT" }]);
  expect(executed(group.frames(request)[0]).results).toMatchObject([{ code: "CONFLICT" }]);
});

test("another request under a known identity is refused, and the first one's answer stays", () => {
  const group = new TestGroup();
  send(group, { identity: "a", hash: 1 });
  expect(codeOf(send(group, { identity: "a", hash: 2 }))).toBe("REQUEST_ID_REUSED");
  expect(codeOf(send(group, { identity: "a", hash: 1 }))).toBe("executed");
  expect(counter(group)).toBe(1);
});

test("the two kinds of identity do not meet, and what has none is executed each time", () => {
  const group = new TestGroup();
  const kinds: readonly Kept[] = [kept.reply, kept.message, kept.nothing, kept.nothing];
  for (const kind of kinds) send(group, { identity: "a", kept: kind });
  expect(counter(group)).toBe(4);
});

test("only the group and cluster it names execute a request", () => {
  const group = new TestGroup();
  expect(codeOf(send(group, { identity: "a", group: "g2" }))).toBe("WRONG_REGION");
  expect(codeOf(send(group, { identity: "a", clusterId: "else" }))).toBe("WRONG_CLUSTER");
  expect(codeOf(send(group, { identity: "a" }))).toBe("executed");
});

test.each([
  ["a reply subject", kept.reply, replyIdentityLifetime],
  ["a message id", kept.message, messageIdentityLifetime],
])("%s is known for its lifetime, by the group's time and no clock", (_, kind, lifetime) => {
  const group = new TestGroup();
  const { lastRevision } = executed(send(group, { identity: "a", kept: kind }));
  group.tick(lastRevision + lifetime);
  send(group, { identity: "a", kept: kind });
  expect(counter(group)).toBe(1);
  group.tick(lastRevision + lifetime + 1);
  send(group, { identity: "a", kept: kind });
  expect(counter(group)).toBe(2);
});

test("an identity outlives its lifetime by no more than an eighth of it", () => {
  const group = new TestGroup();
  const step = replyIdentityLifetime / 64;
  for (let at = 0; at < 80; at++) {
    group.now = birth + at * step;
    send(group, { identity: `i${at}` });
  }
  for (let at = 0; at < 80; at++) send(group, { identity: `i${at}` }, 1000);
  const forgotten = Math.floor((counter(group) as number) / 1000);
  expect(forgotten).toBeGreaterThanOrEqual(8);
  expect(forgotten).toBeLessThanOrEqual(16);
});

const wide = transaction([], [get("wide"), increment("n", 1)]);

/** So many requests fill a shelf: each answer holds a value as large as a value may be. */
const fillingCount = Math.ceil(requestBytesMax / valueBytesMax);

test("beyond their bytes the oldest reply identities go first", () => {
  const group = new TestGroup();
  group.one(put("wide", "x".repeat(valueBytesMax)));
  for (let at = 0; at < fillingCount + 1; at++) {
    group.frames(requestBytes({ identity: `i${at}` }, wide));
  }
  expect(counter(group)).toBe(fillingCount + 1);
  group.frames(requestBytes({ identity: `i${fillingCount}` }, wide));
  expect(counter(group)).toBe(fillingCount + 1);
  group.frames(requestBytes({ identity: "i0" }, wide));
  expect(counter(group)).toBe(fillingCount + 2);
});

test("beyond their bytes new message ids are refused, and known ones go on", () => {
  const group = new TestGroup();
  group.one(put("wide", "x".repeat(valueBytesMax)));
  const message = (at: number): Uint8Array =>
    requestBytes({ identity: `i${at}`, kept: kept.message }, wide);
  for (let at = 0; at < fillingCount; at++) group.frames(message(at));
  expect(group.replica.refusesMessageId(sessionId("new"))).toBe(true);
  // Whoever asks again for a known one gets its answer: that is what the bytes are kept for.
  expect(group.replica.refusesMessageId(sessionId("i0"))).toBe(false);
  expect(codeOf(first(group.frames(message(fillingCount))))).toBe("OVERLOADED");
  expect(codeOf(first(group.frames(message(0))))).toBe("executed");
  expect(codeOf(send(group, { identity: "other", kept: kept.reply }))).toBe("executed");
  group.tick(birth + 2 * messageIdentityLifetime);
  expect(group.replica.refusesMessageId(sessionId("new"))).toBe(false);
  expect(codeOf(first(group.frames(message(fillingCount))))).toBe("executed");
});

test("a restart from a checkpoint keeps them, the open generation included", () => {
  const group = new TestGroup();
  const count = 3000;
  for (let at = 0; at < count; at++) {
    group.now += 50 * revisionsPerMs;
    send(group, { identity: `i${at}`, kept: at % 2 === 0 ? kept.reply : kept.message });
    if (at % 700 === 0) group.checkpointNow();
    if (at % 1000 === 999) group.restart();
  }
  group.checkpointNow();
  group.log.length = group.replica.appliedThrough;
  group.restart();
  expect(counter(group)).toBe(count);
  for (let at = count - 1000; at < count; at++) {
    send(group, { identity: `i${at}`, kept: at % 2 === 0 ? kept.reply : kept.message });
  }
  expect(counter(group)).toBe(count);
});

test("a checkpoint carries what is new, and buries what has run out", () => {
  const group = new TestGroup(everything, new MemoryCheckpoint(false));
  send(group, { identity: "a" });
  group.checkpointNow();
  send(group, { identity: "b", kept: kept.message });
  const second = readOut(group.replica.freeze());
  expect(second.cells.get(space.request)).toHaveLength(1);
  group.checkpoint.add(second);
  group.replica.checkpointed();
  group.tick(birth + 2 * replyIdentityLifetime);
  const third = readOut(group.replica.freeze());
  const kinds = third.cells.get(space.request)?.map(({ version }) => version.kind);
  expect(kinds).toEqual([versionKind.tombstone]);
  group.checkpoint.add(third);
  group.replica.checkpointed();
  group.restart();
  send(group, { identity: "a" });
  send(group, { identity: "b", kept: kept.message });
  expect(counter(group)).toBe(3);
});

test("a cut holds what was executed before it, whatever is executed while it is read", () => {
  const group = new TestGroup();
  send(group, { identity: "a" });
  const cut = group.replica.freeze();
  for (let at = 0; at < 200; at++) send(group, { identity: `later${at}` });
  group.checkpoint.add(readOut(cut));
  group.replica.checkpointed();
  group.log.length = 1;
  group.restart();
  expect(group.replica.appliedThrough).toBe(1);
  send(group, { identity: "a" });
  expect(counter(group)).toBe(1);
  send(group, { identity: "later0" });
  expect(counter(group)).toBe(2);
});

test("replicas that checkpoint and restart at different times go on alike", () => {
  const steady = new TestGroup(everything, new MemoryCheckpoint(false));
  const restarting = new TestGroup();
  for (let slot = 1; slot <= 400; slot++) {
    const identity = `i${(slot * 7) % 90}`;
    const hash = slot % 11 === 0 ? 2 : 1;
    const kind = slot % 3 === 0 ? kept.message : kept.reply;
    const request = requestBytes({ identity, hash, kept: kind }, increment("n", slot));
    for (const group of [steady, restarting]) {
      group.now = birth + slot * 2_000 * revisionsPerMs;
      group.frames(request);
    }
    if (slot % 13 === 0) restarting.checkpointNow();
    if (slot % 17 === 0) restarting.restart();
    expect(restarting.replica.checksum).toEqual(steady.replica.checksum);
  }
});

test("an answer larger than a page lies in one of its own", () => {
  const group = new TestGroup();
  group.one(put("wide", "x".repeat(valueBytesMax)));
  const large = requestBytes({ identity: "large" }, wide);
  send(group, { identity: "before" });
  const answer = executed(group.frames(large)[0]);
  send(group, { identity: "after" });
  group.checkpointNow();
  group.restart();
  expect(plain(executed(group.frames(large)[0]).results[0])).toEqual(plain(answer.results[0]));
  send(group, { identity: "before" });
  send(group, { identity: "after" });
  expect(counter(group)).toBe(3);
  expect(requestGenerationBytesMax).toBeGreaterThan(valueBytesMax);
});

test("a delete's answer comes back with what it found", () => {
  const group = new TestGroup();
  group.one(put("k", "v"));
  const request = requestBytes({ identity: "d" }, remove("k"));
  const once = executed(group.frames(request)[0]);
  expect(executed(group.frames(request)[0])).toEqual(once);
  expect(once.results).toMatchObject([{ existed: true }]);
});
