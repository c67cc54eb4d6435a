/** What travels together, what does not, and what becomes of those in one frame when some of them stop waiting. */
import { describe, expect, test } from "vitest";
import { consistency, requestKind } from "../../infra/codec/formats.ts";
import { FakeCluster, type Attempt } from "./support/fake-cluster.ts";

const notExecuted = { outcome: "not executed" };
const unknown = { outcome: "unknown" };

function shape({ envelope, keys, node }: Attempt): string {
  const kind = envelope.kind === requestKind.write ? "write" : `read ${envelope.consistency}`;
  return `${node} ${envelope.group} ${kind}: ${keys.join(" ")}`;
}

describe("operations of one turn", () => {
  test("share a frame for each group and kind", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    cluster.react = (attempt) => attempt.execute();
    const bucket = cluster.client.bucket();
    const all = Promise.all([
      bucket.put("a", "1"),
      bucket.put("z", "1"),
      bucket.delete("b"),
      bucket.get("a"),
      bucket.get("b", { consistency: "quorum" }),
      bucket.get("c", { consistency: "stale", maxAgeMs: 100 }),
      bucket.get("d", { consistency: "stale", maxAgeMs: 100 }),
      bucket.get("e", { consistency: "stale", maxAgeMs: 200 }),
      bucket.get("f"),
    ]);
    await cluster.outcome(all);
    const shapes = cluster.attempts.map(shape).map((text) => text.replace(/^n\d /, ""));
    expect(shapes.toSorted()).toEqual([
      `g1 read ${consistency.lease}: a f`,
      `g1 read ${consistency.quorum}: b`,
      `g1 read ${consistency.stale}: c d`,
      `g1 read ${consistency.stale}: e`,
      "g1 write: a b",
      "g2 write: z",
    ]);
  });

  test("wait for the first route, and then go out together", async () => {
    const cluster = new FakeCluster();
    const puts = Promise.all(["a", "b", "c"].map((key) => cluster.client.bucket().put(key, "1")));
    const attempt = await cluster.attempt();
    expect(attempt.keys).toEqual(["a", "b", "c"]);
    attempt.execute();
    await cluster.outcome(puts);
  });

  test("are spread over frames that stay below the NATS server's largest message", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    cluster.react = (attempt) => attempt.execute();
    const value = new Uint8Array(100_000);
    const puts = Array.from({ length: 20 }, (_, at) =>
      cluster.client.bucket().put(`a${at}`, value),
    );
    await cluster.outcome(Promise.all(puts));
    for (const { bytes } of cluster.attempts) expect(bytes.length).toBeLessThan(300_000);
    expect(cluster.attempts.flatMap(({ keys }) => keys)).toHaveLength(20);
  });

  test("wait for company until they are as many as are under way", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    const bucket = cluster.client.bucket();
    for (let at = 0; at < 10; at++) {
      void bucket.put(`a${at}`, "1");
      await cluster.runFor(1);
    }
    const sizes = cluster.attempts.map(({ keys }) => keys.length);
    expect(sizes).toEqual([1, 1, 2, 4]);
    for (const attempt of cluster.attempts.slice()) attempt.execute();
    await cluster.runFor(10);
    expect(cluster.attempts[4]?.keys).toEqual(["a8", "a9"]);
  });
});

describe("reads that many callers wait for", () => {
  async function sizesOf(callers: number): Promise<number[]> {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    const bucket = cluster.client.bucket();
    for (let at = 0; at < callers; at++) void bucket.get(`a${at}`);
    await cluster.runFor(1);
    const { length } = cluster.attempts;
    for (const attempt of cluster.attempts.slice()) attempt.execute();
    await cluster.runFor(10);
    expect(cluster.attempts).toHaveLength(length);
    return cluster.attempts.map(({ keys }) => keys.length);
  }

  test("are divided between two frames, and fewer go as one", async () => {
    expect(await sizesOf(2)).toEqual([2]);
    expect(await sizesOf(63)).toEqual([63]);
    expect(await sizesOf(65)).toEqual([32, 33]);
    expect(await sizesOf(256)).toEqual([128, 128]);
  });

  test("wait while two frames are under way, and go when one of them is answered", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    const bucket = cluster.client.bucket();
    const get = (count: number): void => {
      for (let at = 0; at < count; at++) void bucket.get(`a${at}`);
    };
    get(100);
    await cluster.runFor(1);
    get(40);
    await cluster.runFor(1);
    expect(cluster.attempts.map(({ keys }) => keys.length)).toEqual([50, 50]);
    cluster.attempts[0]?.execute();
    get(10);
    await cluster.runFor(10);
    expect(cluster.attempts.map(({ keys }) => keys.length)).toEqual([50, 50, 50]);
  });

  test("that belong together are in one frame, however many they are", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    cluster.react = (attempt) => attempt.execute();
    const keys = Array.from({ length: 200 }, (_, at) => `a${at}`);
    const bucket = cluster.client.bucket();
    await cluster.outcome(Promise.all([bucket.get("a"), bucket.getMany(keys), bucket.get("b")]));
    const together = cluster.attempts.find(({ keys: own }) => own.includes("a7"));
    expect(together?.keys).toEqual(expect.arrayContaining(keys));
  });
});

describe("a stale read", () => {
  const stale = { consistency: "stale", maxAgeMs: 50 } as const;

  test("is asked of one node after the other", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    cluster.react = (attempt) => attempt.execute();
    for (let at = 0; at < 6; at++) await cluster.outcome(cluster.client.bucket().get("a", stale));
    const asked = cluster.attempts.map(({ node }) => node);
    expect(asked.slice(0, 3)).toEqual(asked.slice(3));
    expect(new Set(asked).size).toBe(3);
  });

  test("goes to another node at once when one is too stale", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    const get = cluster.client.bucket().get("a", stale);
    const first = await cluster.attempt();
    first.refuse("TOO_STALE");
    const second = await cluster.attempt();
    expect(second.node).not.toBe(first.node);
    expect(second.atMs - first.atMs).toBeLessThan(5);
    second.execute();
    expect(await cluster.outcome(get)).toBeNull();
  });

  test("fails as too stale when all nodes stay so", async () => {
    const cluster = new FakeCluster({ timeoutMs: 300 });
    await cluster.runFor(10);
    cluster.react = (attempt) => attempt.refuse("TOO_STALE");
    const get = cluster.client.bucket().get("a", stale);
    expect(await cluster.failure(get)).toMatchObject({ code: "TOO_STALE", ...notExecuted });
    // Every node once, then a pause.
    expect(cluster.attempts.length).toBeLessThan(40);
  });

  test("carries how fresh it has to be", async () => {
    const cluster = new FakeCluster();
    void cluster.client.bucket().get("a", { ...stale, minRevision: 77 });
    const { envelope } = await cluster.attempt();
    expect(envelope).toMatchObject({ minRevision: 77, maxAgeMs: 50 });
  });
});

describe("the caller's array", () => {
  test("may be used again as soon as the call was made", async () => {
    const cluster = new FakeCluster();
    const value = Buffer.from("before");
    const put = cluster.client.bucket().put("a", value);
    value.write("behind");
    const attempt = await cluster.attempt();
    const [operation] = attempt.operations;
    if (operation?.kind !== 1) throw new Error("not a put");
    const { source, start, end } = operation;
    expect(Buffer.from(source.subarray(start, end)).toString()).toBe("before");
    attempt.execute();
    await cluster.outcome(put);
  });
});

describe("a caller that stops waiting", () => {
  test("before anything was sent: not executed, and nothing is ever sent", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    const controller = new AbortController();
    const put = cluster.client.bucket().put("a", "1", { signal: controller.signal });
    controller.abort(new Error("enough"));
    expect(await cluster.failure(put)).toMatchObject({
      name: "AbortedError",
      cause: { message: "enough" },
      ...notExecuted,
    });
    await cluster.runFor(1_000);
    expect(cluster.attempts).toHaveLength(0);
  });

  test("with a signal that fired before: nothing is sent", async () => {
    const cluster = new FakeCluster();
    const signal = AbortSignal.abort();
    const put = cluster.client.bucket().put("a", "1", { signal });
    expect(await cluster.failure(put)).toMatchObject({ code: "ABORTED", ...notExecuted });
    await cluster.runFor(100);
    expect(cluster.attempts).toHaveLength(0);
  });

  test("while its frame is under way: unknown; the others get their answers", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    const controller = new AbortController();
    const bucket = cluster.client.bucket();
    const put = bucket.put("a", "1", { signal: controller.signal });
    const other = bucket.put("b", "1");
    const attempt = await cluster.attempt();
    controller.abort();
    expect(await cluster.failure(put)).toMatchObject({ code: "ABORTED", ...unknown });
    attempt.execute();
    expect(await cluster.outcome(other)).toBe(cluster.newestRevision);
  });

  test("shares one listener with all others of the same signal", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    const controller = new AbortController();
    const { signal } = controller;
    let added = 0;
    const add = signal.addEventListener.bind(signal);
    signal.addEventListener = (...listener: Parameters<typeof add>) => {
      added += 1;
      add(...listener);
    };
    const bucket = cluster.client.bucket();
    const puts = Array.from({ length: 30 }, (_, at) => bucket.put(`a${at}`, "1", { signal }));
    const answers = Promise.allSettled(puts);
    (await cluster.attempt()).execute();
    const late = bucket.put("b", "1", { signal });
    await cluster.outcome(answers);
    controller.abort();
    expect(await cluster.failure(late)).toMatchObject({ code: "ABORTED" });
    for (const { status } of await answers) expect(status).toBe("fulfilled");
    expect(added).toBe(1);
  });

  test("lets go of the signal when the call is over", async () => {
    const cluster = new FakeCluster();
    cluster.react = (attempt) => attempt.execute();
    const listeners = new Set<unknown>();
    const { signal } = new AbortController();
    signal.addEventListener = (_: string, listener: unknown) => void listeners.add(listener);
    signal.removeEventListener = (_: string, listener: unknown) => void listeners.delete(listener);
    const bucket = cluster.client.bucket();
    await cluster.outcome(bucket.put("a", "1", { signal }));
    await cluster.outcome(bucket.getMany(["a", "z"], { signal }));
    expect(await cluster.failure(cluster.client.status({ signal, timeoutMs: 10 }))).toBeDefined();
    expect(listeners.size).toBe(0);
  });

  test("of a refused frame was not executed, so its operation is never sent again", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    const controller = new AbortController();
    const bucket = cluster.client.bucket();
    const put = bucket.put("a", "1", { signal: controller.signal });
    const other = bucket.put("b", "1");
    const first = await cluster.attempt();
    first.refuse("OVERLOADED");
    await cluster.runFor(2);
    controller.abort();
    expect(await cluster.failure(put)).toMatchObject({ code: "ABORTED", ...notExecuted });
    const second = await cluster.attempt();
    expect([second.keys, second.number]).toEqual([["b"], 2]);
    expect(second.write.floor).toBe(1);
    second.execute();
    await cluster.outcome(other);
  });

  test("by the hundred leaves one new frame behind, not one for each", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    cluster.react = (attempt) => attempt.refuse("OVERLOADED");
    const bucket = cluster.client.bucket();
    const hasty = Array.from({ length: 500 }, (_, at) =>
      bucket.put(`a${at}`, "1", { timeoutMs: 15 }),
    );
    const patient = bucket.put("b", "1");
    const failures = await cluster.outcome(Promise.allSettled(hasty));
    for (const { status } of failures) expect(status).toBe("rejected");
    cluster.react = (attempt) => attempt.execute();
    await cluster.outcome(patient);
    expect(cluster.client.core.counters.frames).toBeLessThanOrEqual(3);
    expect(cluster.attempts.at(-1)?.keys).toEqual(["b"]);
  });
});

describe("the connection", () => {
  test("when it comes back, everything under way is sent again, unchanged", async () => {
    const cluster = new FakeCluster();
    const put = cluster.client.bucket().put("a", "1");
    const first = await cluster.attempt();
    cluster.network.disconnect(cluster.clientTransport);
    const second = await cluster.attempt(450);
    expect(Buffer.from(second.bytes)).toEqual(Buffer.from(first.bytes));
    second.execute();
    expect(await cluster.outcome(put)).toBe(cluster.newestRevision);
  });

  test("while there is none, what was never sent is not executed", async () => {
    const cluster = new FakeCluster({ timeoutMs: 300 });
    await cluster.runFor(10);
    cluster.network.unplug(cluster.clientTransport);
    await cluster.runFor(10);
    const put = cluster.client.bucket().put("a", "1");
    expect(await cluster.failure(put)).toMatchObject({ code: "NOT_CONNECTED", ...notExecuted });
    cluster.network.plug(cluster.clientTransport);
    await cluster.runFor(1_000);
    expect(cluster.attempts).toHaveLength(0);
  });

  test("without a node, calls fail as unavailable", async () => {
    const cluster = new FakeCluster({ timeoutMs: 300 });
    cluster.route = undefined;
    const put = cluster.client.bucket().put("a", "1");
    expect(await cluster.failure(put)).toMatchObject({ code: "UNAVAILABLE", ...notExecuted });
  });

  test("to another cluster under the same name is told as such", async () => {
    const cluster = new FakeCluster({ timeoutMs: 2_000 });
    cluster.react = (attempt) => attempt.execute();
    await cluster.outcome(cluster.client.bucket().put("a", "1"));
    cluster.react = undefined;
    cluster.reroute({ clusterId: "another" });
    const put = cluster.client.bucket().put("a", "2");
    const failure = await cluster.failure(put);
    expect(failure).toMatchObject({ code: "TIMEOUT", ...unknown });
    expect(failure.message).toContain("cluster another answers");
    expect(cluster.client.core.routes?.clusterId).not.toBe("another");
  });
});

describe("closing", () => {
  test("fails what is pending, and tells truly whether it may have been executed", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    const bucket = cluster.client.bucket();
    const sent = bucket.put("a", "1");
    const read = bucket.get("a");
    await cluster.attempt();
    const waiting = bucket.put("z", "1");
    const answers = Promise.allSettled([sent, read, waiting]);
    await cluster.client.close();
    expect(
      (await cluster.outcome(answers)).map((settled) => "reason" in settled && settled.reason),
    ).toMatchObject([
      { code: "CLIENT_CLOSED", ...unknown },
      { code: "CLIENT_CLOSED", ...notExecuted },
      { code: "CLIENT_CLOSED", ...notExecuted },
    ]);
    expect(await cluster.failure(bucket.put("a", "1"))).toMatchObject({
      code: "CLIENT_CLOSED",
      ...notExecuted,
    });
    expect(cluster.client.core.pendingCalls).toBe(0);
  });

  test("sends nothing any more", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    cluster.react = (attempt) => attempt.refuse("OVERLOADED");
    const puts = Array.from({ length: 10 }, (_, at) => cluster.client.bucket().put(`a${at}`, "1"));
    const answers = Promise.allSettled(puts);
    await cluster.attempt();
    await cluster.runFor(2);
    await cluster.client.close();
    await cluster.outcome(answers);
    const { length } = cluster.attempts;
    const { frames } = cluster.client.core.counters;
    await cluster.runFor(5_000);
    expect(cluster.attempts).toHaveLength(length);
    expect(cluster.client.core.counters.frames).toBe(frames);
  });

  test("happens at the end of an `await using`", async () => {
    const cluster = new FakeCluster();
    const asked = Promise.allSettled([cluster.client.status()]);
    await cluster.client[Symbol.asyncDispose]();
    const closed = { code: "CLIENT_CLOSED", ...notExecuted };
    expect(await cluster.outcome(asked)).toMatchObject([{ reason: closed }]);
    expect(await cluster.failure(cluster.client.status())).toMatchObject(closed);
  });
});

describe("too much at once", () => {
  test("is refused at once when too many calls wait", async () => {
    const cluster = new FakeCluster({ limits: { pendingCallsMax: 2 } });
    const bucket = cluster.client.bucket();
    void bucket.put("a", "1");
    void bucket.put("b", "1");
    expect(await cluster.failure(bucket.put("c", "1"))).toMatchObject({
      code: "OVERLOADED",
      retryable: true,
      ...notExecuted,
    });
    expect(await cluster.failure(bucket.getMany(["a", "b"]))).toMatchObject({ code: "OVERLOADED" });
  });

  test("is refused at once when too many bytes wait", async () => {
    const cluster = new FakeCluster({ limits: { pendingBytesMax: 1_000 } });
    const bucket = cluster.client.bucket();
    void bucket.put("a", new Uint8Array(500));
    const put = bucket.put("b", new Uint8Array(500));
    expect(await cluster.failure(put)).toMatchObject({ code: "OVERLOADED" });
  });
});
