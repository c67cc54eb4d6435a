/** Sending again: the same bytes under the same number, until something final is known; and what may be said meanwhile. */
import { describe, expect, test } from "vitest";
import { replyKind } from "../../infra/codec/formats.ts";
import { failure } from "../../kv/commands/result.ts";
import { FakeCluster, movedRegions } from "./support/fake-cluster.ts";

const notExecuted = { outcome: "not executed" };
const unknown = { outcome: "unknown" };

describe("an attempt that nobody answers", () => {
  test("is repeated unchanged, under the same number, and its answer is given once", async () => {
    const cluster = new FakeCluster();
    const put = cluster.client.bucket().put("a", "1");
    const first = await cluster.attempt();
    const second = await cluster.attempt();
    expect(Buffer.from(second.bytes)).toEqual(Buffer.from(first.bytes));
    expect(second.reply).not.toBe(first.reply);
    expect(second.atMs - first.atMs).toBeGreaterThanOrEqual(500);
    second.execute();
    const revision = await cluster.outcome(put);
    expect(revision).toBe(cluster.newestRevision);
    await cluster.runFor(100);
    const { late } = cluster.client.core.inbox;
    first.execute();
    await cluster.runFor(100);
    expect(await put).toBe(revision);
    expect(cluster.client.core.inbox.late).toBe(late + 1);
  });

  test("counts against the node: the next one goes elsewhere", async () => {
    const cluster = new FakeCluster();
    void cluster.client.bucket().put("a", "1");
    expect((await cluster.attempt()).node).toBe("n1");
    const second = await cluster.attempt();
    expect(second.node).not.toBe("n1");
    second.execute();
  });

  test("leaves the outcome unknown when the time is up", async () => {
    const cluster = new FakeCluster({ timeoutMs: 300 });
    const put = cluster.client.bucket().put("a", "1");
    expect(await cluster.failure(put)).toMatchObject({
      name: "TimeoutError",
      code: "TIMEOUT",
      timeoutMs: 300,
      ...unknown,
      retryable: false,
    });
  });

  test("changes nothing when it is a read", async () => {
    const cluster = new FakeCluster({ timeoutMs: 300 });
    const get = cluster.client.bucket().get("a");
    expect(await cluster.failure(get)).toMatchObject({ name: "TimeoutError", ...notExecuted });
  });
});

describe("a frame that others were to pass on to a dead leader", () => {
  const ledBy = (leader: string | undefined) => ({
    groups: [{ group: "g1", nodes: ["n1", "n2", "n3"], leader }],
  });

  test.each([
    ["another node than the one that has it", (held: string) => (held === "n2" ? "n3" : "n2")],
    ["the very node that has it", (held: string) => held],
  ])("goes to the new leader as soon as it is known: %s", async (_, chosen) => {
    const cluster = new FakeCluster();
    cluster.reroute(ledBy("n1"));
    const put = cluster.client.bucket().put("a", "1");
    (await cluster.attempt()).nobodyThere();
    const held = await cluster.attempt();
    expect(held.node).not.toBe("n1");
    await cluster.runFor(100);
    const leader = chosen(held.node);
    cluster.reroute(ledBy(leader));
    const next = await cluster.attempt();
    expect(next.node).toBe(leader);
    expect(next.atMs - held.atMs).toBeLessThan(400);
    expect(Buffer.from(next.bytes)).toEqual(Buffer.from(held.bytes));
    next.execute();
    expect(await cluster.outcome(put)).toBe(cluster.newestRevision);
  });

  test("does not tell against the node that was to pass it on, should that lead next", async () => {
    const cluster = new FakeCluster();
    cluster.reroute(ledBy("n1"));
    const put = cluster.client.bucket().put("a", "1");
    (await cluster.attempt()).nobodyThere();
    const passing = await cluster.attempt();
    passing.nobodyThere();
    await cluster.attempt();
    await cluster.runFor(100);
    cluster.reroute(ledBy(passing.node));
    const next = await cluster.attempt();
    expect(next.node).toBe(passing.node);
    expect(next.atMs - passing.atMs).toBeLessThan(400);
    next.execute();
    await cluster.outcome(put);
  });

  test("goes to a silent node that is said to lead when that can be no old word any more", async () => {
    const cluster = new FakeCluster();
    cluster.reroute(ledBy("n1"));
    const put = cluster.client.bucket().put("a", "1");
    const first = await cluster.attempt();
    expect(first.node).toBe("n1");
    expect((await cluster.attempt()).node).not.toBe("n1");
    const next = await cluster.attempt();
    expect(next.node).toBe("n1");
    expect(next.atMs - first.atMs).toBeGreaterThanOrEqual(700);
    expect(next.atMs - first.atMs).toBeLessThan(950);
    next.execute();
    await cluster.outcome(put);
  });

  test("is not sent again and again while nobody leads, though routes are asked for", async () => {
    const cluster = new FakeCluster();
    cluster.reroute(ledBy("n1"));
    void cluster.client.bucket().put("a", "1");
    (await cluster.attempt()).nobodyThere();
    await cluster.attempt();
    const before = cluster.routesAsked;
    await cluster.runFor(400);
    expect(cluster.attempts.length).toBe(2);
    expect(cluster.routesAsked - before).toBeGreaterThan(1);
    expect(cluster.routesAsked - before).toBeLessThan(25);
  });
});

describe("a refusal speaks of its attempt only", () => {
  test("not executed, when every attempt was refused", async () => {
    const cluster = new FakeCluster({ timeoutMs: 300 });
    cluster.react = (attempt) => attempt.refuse("OVERLOADED");
    const put = cluster.client.bucket().put("a", "1");
    expect(await cluster.failure(put)).toMatchObject({ code: "OVERLOADED", ...notExecuted });
    expect(cluster.attempts.length).toBeGreaterThan(1);
  });

  test("unknown, when an earlier attempt is still open", async () => {
    const cluster = new FakeCluster({ timeoutMs: 900 });
    const put = cluster.client.bucket().put("a", "1");
    await cluster.attempt();
    cluster.react = (attempt) => attempt.refuse("OVERLOADED");
    (await cluster.attempt()).refuse("OVERLOADED");
    expect(await cluster.failure(put)).toMatchObject({ code: "TIMEOUT", ...unknown });
  });

  test("not executed, when the refusal of the earlier attempt arrives late", async () => {
    const cluster = new FakeCluster({ timeoutMs: 900 });
    const put = cluster.client.bucket().put("a", "1");
    const first = await cluster.attempt();
    cluster.react = (attempt) => attempt.refuse("OVERLOADED");
    (await cluster.attempt()).refuse("OVERLOADED");
    first.refuse("NOT_LEADER");
    expect(await cluster.failure(put)).toMatchObject({ code: "OVERLOADED", ...notExecuted });
  });

  test("unknown, after a leader that lost its office has taken it", async () => {
    const cluster = new FakeCluster({ timeoutMs: 300 });
    const put = cluster.client.bucket().put("a", "1");
    (await cluster.attempt()).refuse("LEADERSHIP_LOST");
    cluster.react = (attempt) => attempt.refuse("NO_QUORUM");
    expect(await cluster.failure(put)).toMatchObject({ code: "TIMEOUT", ...unknown });
  });

  test("nobody listening there is as good as a refusal", async () => {
    const cluster = new FakeCluster({ timeoutMs: 300 });
    cluster.react = (attempt) => attempt.nobodyThere();
    const put = cluster.client.bucket().put("a", "1");
    expect(await cluster.failure(put)).toMatchObject({ code: "UNAVAILABLE", ...notExecuted });
    expect(new Set(cluster.attempts.map(({ node }) => node)).size).toBe(3);
  });

  test.each([
    ["STALE_FRAME", unknown],
    ["SESSION_MISUSE", notExecuted],
    ["WRONG_CLUSTER", notExecuted],
    ["INCOMPATIBLE_VERSION", notExecuted],
  ] as const)("%s is final", async (code, outcome) => {
    const cluster = new FakeCluster();
    const put = cluster.client.bucket().put("a", "1");
    (await cluster.attempt()).refuse(code);
    expect(await cluster.failure(put)).toMatchObject({ code, ...outcome });
    await cluster.runFor(2_000);
    expect(cluster.untaken).toBe(0);
  });

  test("a final refusal leaves the outcome unknown while an earlier attempt is open", async () => {
    const cluster = new FakeCluster();
    const put = cluster.client.bucket().put("a", "1");
    await cluster.attempt();
    (await cluster.attempt()).refuse("SESSION_MISUSE");
    expect(await cluster.failure(put)).toMatchObject({ code: "SESSION_MISUSE", ...unknown });
  });
});

describe("whoever does not lead", () => {
  test("names the leader, who gets the same frame at once", async () => {
    const cluster = new FakeCluster();
    const put = cluster.client.bucket().put("a", "1");
    const first = await cluster.attempt();
    first.refuse("NOT_LEADER", "n3");
    const second = await cluster.attempt();
    expect(second.node).toBe("n3");
    expect(Buffer.from(second.bytes)).toEqual(Buffer.from(first.bytes));
    expect(second.atMs - first.atMs).toBeLessThan(5);
    second.execute();
    await cluster.outcome(put);
    void cluster.client.bucket().put("b", "2");
    expect((await cluster.attempt()).node).toBe("n3");
  });

  test("cannot send the client to a node the group does not have", async () => {
    const cluster = new FakeCluster();
    void cluster.client.bucket().put("a", "1");
    (await cluster.attempt()).refuse("NOT_LEADER", "elsewhere.>");
    const second = await cluster.attempt();
    expect(["n1", "n2", "n3"]).toContain(second.node);
    expect(cluster.problems).toEqual([]);
  });

  test("is believed until a route tells of another leader", async () => {
    const cluster = new FakeCluster();
    void cluster.client.bucket().put("a", "1");
    const first = await cluster.attempt();
    cluster.reroute({ groups: [{ group: "g1", nodes: ["n1", "n2", "n3"], leader: "n2" }] });
    first.refuse("NO_QUORUM");
    const second = await cluster.attempt();
    expect(second.node).toBe("n2");
  });
});

describe("sessions", () => {
  test("an expired one is replaced when nothing of the frame can have been executed", async () => {
    const cluster = new FakeCluster();
    const put = cluster.client.bucket().put("a", "1");
    const first = await cluster.attempt();
    first.refuse("SESSION_EXPIRED");
    const second = await cluster.attempt();
    expect(second.write.session).not.toBe(first.write.session);
    expect(second.number).toBe(1);
    second.execute();
    await cluster.outcome(put);
  });

  test("an expired one says nothing about an earlier attempt", async () => {
    const cluster = new FakeCluster();
    const put = cluster.client.bucket().put("a", "1");
    await cluster.attempt();
    (await cluster.attempt()).refuse("SESSION_EXPIRED");
    expect(await cluster.failure(put)).toMatchObject({ code: "SESSION_EXPIRED", ...unknown });
    const next = cluster.client.bucket().put("b", "2");
    const attempt = await cluster.attempt();
    expect(attempt.keys).toEqual(["b"]);
    attempt.execute();
    await cluster.outcome(next);
  });

  test("a new one is born at a fresh stamp after 15 minutes, in each group counted from 1", async () => {
    const cluster = new FakeCluster();
    cluster.react = (attempt) => attempt.execute();
    const bucket = cluster.client.bucket();
    await cluster.outcome(Promise.all([bucket.put("a", "1"), bucket.put("z", "1")]));
    await cluster.runFor(15 * 60_000);
    cluster.reroute({ stamp: cluster.newestRevision + 4096 });
    await cluster.outcome(Promise.all([bucket.put("a", "2"), bucket.put("z", "2")]));
    const [first, , third, fourth] = cluster.attempts.map(({ write }) => write);
    expect(third?.session).not.toBe(first?.session);
    expect(fourth?.session).toBe(third?.session);
    expect([third?.number, fourth?.number]).toEqual([1, 1]);
    expect(third?.born).toBeGreaterThan(first?.born ?? Infinity);
  });

  test("the floor follows what is done with, and a frame keeps the floor of its making", async () => {
    const cluster = new FakeCluster();
    const bucket = cluster.client.bucket();
    const first = bucket.put("a", "1");
    const held = await cluster.attempt();
    const second = bucket.put("b", "1");
    const next = await cluster.attempt();
    expect([next.number, next.write.floor]).toEqual([2, 0]);
    next.execute();
    await cluster.outcome(second);
    void bucket.put("c", "1");
    expect((await cluster.attempt()).write.floor).toBe(0);
    held.execute();
    await cluster.outcome(first);
    void bucket.put("d", "1");
    const last = await cluster.attempt();
    expect([last.number, last.write.floor]).toEqual([4, 2]);
  });

  test("a frame that was given up as unknown lies below the next floor", async () => {
    const cluster = new FakeCluster();
    const bucket = cluster.client.bucket();
    const lost = bucket.put("a", "1", { timeoutMs: 100 });
    expect(await cluster.failure(lost)).toMatchObject(unknown);
    await cluster.attempt();
    void bucket.put("b", "1");
    const next = await cluster.attempt();
    expect([next.number, next.write.floor]).toEqual([2, 1]);
  });

  test("at most 256 numbers are open above the floor", async () => {
    const cluster = new FakeCluster({
      limits: { framesInFlightMax: 1_000, furtherFrameOperations: 1, attemptTimeoutMs: 60_000 },
      timeoutMs: 120_000,
    });
    const bucket = cluster.client.bucket();
    const puts: Promise<number>[] = [];
    for (let at = 0; at < 300; at++) {
      puts.push(bucket.put("a", String(at)));
      await cluster.runFor(1);
    }
    expect(cluster.attempts.map(({ number }) => number)).toEqual(
      Array.from({ length: 256 }, (_, at) => at + 1),
    );
    cluster.react = (attempt) => attempt.execute();
    for (const attempt of cluster.attempts.slice(1)) attempt.execute();
    await cluster.runFor(10);
    // Number 1 is still open, so the floor has not moved.
    expect(cluster.attempts).toHaveLength(256);
    cluster.attempts[0]?.execute();
    await cluster.outcome(Promise.all(puts));
    expect(cluster.attempts[256]?.write.floor).toBe(256);
  });
});

describe("one operation that the log has decided", () => {
  test("WRONG_REGION goes into a new frame, to the group a newer route names", async () => {
    const cluster = new FakeCluster();
    const bucket = cluster.client.bucket();
    const puts = Promise.all([bucket.put("a", "1"), bucket.put("b", "1")]);
    const first = await cluster.attempt();
    expect(first.keys).toEqual(["a", "b"]);
    cluster.reroute(movedRegions);
    first.execute([undefined, failure("WRONG_REGION")]);
    const second = await cluster.attempt();
    expect(second.keys).toEqual(["b"]);
    expect([second.envelope.group, second.number]).toEqual(["g2", 1]);
    second.execute();
    await cluster.outcome(puts);
  });

  test("WRONG_REGION of the whole frame before the log moves it only if no attempt is open", async () => {
    const cluster = new FakeCluster({ timeoutMs: 1_500 });
    const put = cluster.client.bucket().put("a", "1");
    await cluster.attempt();
    cluster.reroute(movedRegions);
    cluster.react = (attempt) => attempt.refuse("WRONG_REGION");
    expect(await cluster.failure(put)).toMatchObject({ code: "TIMEOUT", ...unknown });
    expect(new Set(cluster.attempts.map(({ envelope }) => envelope.group))).toEqual(
      new Set(["g1"]),
    );
    expect(new Set(cluster.attempts.map(({ number }) => number))).toEqual(new Set([1]));
  });

  test("WRONG_REGION of the whole frame takes it to the new owner when it was refused everywhere", async () => {
    const cluster = new FakeCluster();
    const put = cluster.client.bucket().put("a", "1");
    const first = await cluster.attempt();
    cluster.reroute(movedRegions);
    first.refuse("WRONG_REGION");
    const second = await cluster.attempt();
    expect(second.envelope.group).toBe("g2");
    second.execute();
    await cluster.outcome(put);
  });

  test("OVERLOADED is tried again after a pause, in a new frame", async () => {
    const cluster = new FakeCluster();
    const put = cluster.client.bucket().put("a", "1");
    const first = await cluster.attempt();
    first.execute([failure("OVERLOADED")]);
    const second = await cluster.attempt();
    expect([second.number, second.write.floor]).toEqual([2, 1]);
    expect(second.atMs - first.atMs).toBeGreaterThanOrEqual(20);
    second.execute();
    await cluster.outcome(put);
  });

  test("CONFLICT is told with both revisions", async () => {
    const cluster = new FakeCluster();
    const update = cluster.client.bucket().update("a", "1", 5);
    (await cluster.attempt()).execute([failure("CONFLICT", -1, 9)]);
    expect(await cluster.failure(update)).toMatchObject({
      name: "ConflictError",
      bucket: "default",
      key: "a",
      expectedRevision: 5,
      actualRevision: 9,
      ...notExecuted,
    });
  });
});

test("a message shows a key so that no terminal is disturbed", async () => {
  const cluster = new FakeCluster();
  const put = cluster.client.bucket().create("a\n\u{1b}[2Jé", "1");
  (await cluster.attempt()).execute([failure("CONFLICT", -1, 9)]);
  const { message } = await cluster.failure(put);
  expect(message).toContain("default/a\\x0a\\x1b[2Jé ");
  const transaction = cluster.client.commit({
    operations: [
      { op: "delete", key: "a\n" },
      { op: "delete", key: "z" },
    ],
  });
  expect((await cluster.failure(transaction)).message).toContain("default/a\\x0a is in g1");
});

describe("replies that are none", () => {
  test.each([
    ["rubbish", (): Uint8Array => Buffer.from("rubbish")],
    ["too many results", (attempt) => attempt.encoded(executed([1, 2]))],
    ["too few results", (attempt) => attempt.encoded(executed([]))],
    [
      "a result of another kind",
      (attempt) => attempt.encoded(executed([{ kind: 2, revision: 1, existed: true }])),
    ],
    ["another frame's number", (attempt) => attempt.encoded({ ...executed([1]), number: 99 })],
    ["another group", (attempt) => attempt.encoded({ ...executed([1]), group: "g2" })],
  ] as const satisfies readonly (readonly [string, (attempt: AttemptOf) => Uint8Array])[])(
    "%s is dropped, and the frame is sent again",
    async (_, replyTo) => {
      const cluster = new FakeCluster();
      const put = cluster.client.bucket().put("a", "1");
      const first = await cluster.attempt();
      first.sendBytes(replyTo(first));
      const second = await cluster.attempt();
      second.execute();
      expect(await cluster.outcome(put)).toBe(cluster.newestRevision);
      const { malformedReplies, strayReplies } = cluster.client.core.counters;
      expect(malformedReplies + strayReplies).toBe(1);
    },
  );

  test("a node that could not read the frame ends it", async () => {
    const cluster = new FakeCluster();
    const put = cluster.client.bucket().put("a", "1");
    const attempt = await cluster.attempt();
    const refused = { kind: replyKind.refused, code: "BAD_REQUEST", message: "cannot be read" };
    const unnamed = { number: 0, group: "", outcome: "not executed", hint: undefined };
    attempt.sendBytes(attempt.encoded({ ...refused, ...unnamed }));
    expect(await cluster.failure(put)).toMatchObject({ code: "BAD_REQUEST", ...notExecuted });
  });

  test("the same reply twice is taken once", async () => {
    const cluster = new FakeCluster();
    const increment = cluster.client.bucket().increment("a");
    const attempt = await cluster.attempt();
    await cluster.runFor(10);
    const { late } = cluster.client.core.inbox;
    attempt.execute();
    attempt.execute();
    expect(await cluster.outcome(increment)).toBe(1);
    await cluster.runFor(10);
    expect(cluster.client.core.inbox.late).toBe(late + 1);
  });
});

type AttemptOf = Awaited<ReturnType<FakeCluster["attempt"]>>;

function executed(results: readonly unknown[]): object {
  return { kind: replyKind.executed, slot: 1, index: 0, lastRevision: 1, asOf: 0, results };
}
