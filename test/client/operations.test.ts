/** Operations that become several: pages of a range, many keys over several groups, and what is told when a part fails. */
import { describe, expect, test } from "vitest";
import { operationKind, type Range } from "../../kv/commands/operation.ts";
import { failure, type OperationResult } from "../../kv/commands/result.ts";
import { newest } from "../../kv/revision.ts";
import type { Entry } from "../../client/entry.ts";
import { FakeCluster, type Attempt } from "./support/fake-cluster.ts";

const empty = new Uint8Array(0);

function cell(key: string) {
  const version = { revision: 5, kind: 0, expiresAt: 0, source: empty, start: 0, end: 0 } as const;
  return { key: `default\0${key}`, version };
}

function page(keys: readonly string[], cursor?: string): OperationResult {
  const internal = cursor === undefined ? undefined : `default\0${cursor}`;
  return { kind: operationKind.range, rows: keys.map(cell), cursor: internal };
}

function rangeOf({ operations }: Attempt): Range {
  const [operation] = operations;
  if (operation?.kind !== operationKind.range) throw new Error("not a range");
  return operation;
}

function textOf(bound: string | undefined): string | undefined {
  return bound?.replace("\0", "/");
}

function keysOf(entries: readonly Entry[]): string[] {
  return entries.map(({ key }) => key);
}

describe("a range", () => {
  test("goes from group to group, and stays at one moment within each", async () => {
    const cluster = new FakeCluster();
    const all = cluster.client.bucket().range().toArray();
    const first = await cluster.attempt();
    const moment = cluster.newestRevision;
    expect(rangeOf(first)).toMatchObject({ start: "default\0", end: "default\0m", at: newest });
    first.execute([page(["a", "b"], "b")]);
    const second = await cluster.attempt();
    expect(rangeOf(second)).toMatchObject({ start: "default\0b\0", end: "default\0m", at: moment });
    second.execute([page(["c"])]);
    const third = await cluster.attempt();
    expect(third.envelope.group).toBe("g2");
    expect(rangeOf(third)).toMatchObject({ start: "default\0m", end: "default\x01", at: newest });
    third.execute([page(["m"])]);
    expect(keysOf(await cluster.outcome(all))).toEqual(["a", "b", "c", "m"]);
  });

  test("reads a group anew that owns the keys of another since the page before", async () => {
    const cluster = new FakeCluster();
    const all = cluster.client.bucket().range({ end: "m" }).toArray();
    (await cluster.attempt()).execute([page(["a"], "a")]);
    const second = await cluster.attempt();
    const { regions = [] } = cluster.route ?? {};
    cluster.reroute({ version: 2, regions: regions.map((region) => ({ ...region, group: "g2" })) });
    second.execute([failure("WRONG_REGION")]);
    const third = await cluster.attempt();
    expect(third.envelope.group).toBe("g2");
    third.execute([page(["b"])]);
    const fourth = await cluster.attempt();
    expect(rangeOf(fourth).at).toBe(newest);
    fourth.execute([page(["b"])]);
    expect(keysOf(await cluster.outcome(all))).toEqual(["a", "b"]);
  });

  test("reversed begins at the end and goes to the start", async () => {
    const cluster = new FakeCluster();
    const all = cluster.client.bucket().range({ reverse: true, start: "c", end: "x" }).toArray();
    const first = await cluster.attempt();
    expect(first.envelope.group).toBe("g2");
    expect(rangeOf(first)).toMatchObject({ start: "default\0m", end: "default\0x", reverse: true });
    first.execute([page(["w", "v"], "v")]);
    const second = await cluster.attempt();
    expect(rangeOf(second)).toMatchObject({ start: "default\0m", end: "default\0v" });
    second.execute([page([])]);
    const third = await cluster.attempt();
    expect(rangeOf(third)).toMatchObject({ start: "default\0c", end: "default\0m" });
    third.execute([page(["d"])]);
    expect(keysOf(await cluster.outcome(all))).toEqual(["w", "v", "d"]);
  });

  test("stops asking when it has what was asked for", async () => {
    const cluster = new FakeCluster();
    const all = cluster.client.bucket().range({ limit: 3 }).toArray();
    const first = await cluster.attempt();
    expect(rangeOf(first).limit).toBe(3);
    first.execute([page(["a", "b"], "b")]);
    const second = await cluster.attempt();
    expect(rangeOf(second).limit).toBe(1);
    second.execute([page(["c"], "c")]);
    expect(keysOf(await cluster.outcome(all))).toEqual(["a", "b", "c"]);
    await cluster.runFor(1_000);
    expect(cluster.untaken).toBe(0);
  });

  test("goes on from a page's cursor, be it in another process", async () => {
    const cluster = new FakeCluster();
    const bucket = cluster.client.bucket();
    const query = { prefix: "\u{1f600}" };
    const reading = bucket.range(query).page();
    const key = Buffer.from("\u{1f600}x").toString("latin1");
    (await cluster.attempt()).execute([page([key], key)]);
    const { entries, cursor } = await cluster.outcome(reading);
    expect(keysOf(entries)).toEqual(["\u{1f600}x"]);
    expect(cursor).toMatch(/^[-\w]+$/);
    const further = bucket.range({ ...query, ...(cursor === undefined ? {} : { cursor }) }).page();
    const second = await cluster.attempt();
    expect(rangeOf(second).start).toBe(`default\0${key}\0`);
    second.execute([page([])]);
    expect(await cluster.outcome(further)).toEqual({ entries: [], cursor: undefined });
  });

  test.each([
    [{}, "default/", "default\x01"],
    [{ prefix: "a" }, "default/a", "default/b"],
    [{ prefix: "a", start: "aa" }, "default/aa", "default/b"],
    [{ prefix: "a", start: "0", end: "z" }, "default/a", "default/b"],
    [{ prefix: new Uint8Array([0xff]) }, "default/\xff", "default\x01"],
    [{ start: "é" }, "default/\xc3\xa9", "default\x01"],
  ])("%j is what lies between its bounds", async (bounds, start, end) => {
    const cluster = new FakeCluster({ route: { regions: wholeRegion } });
    void cluster.client.bucket().range(bounds).page();
    const range = rangeOf(await cluster.attempt());
    expect([textOf(range.start), textOf(range.end)]).toEqual([start, end]);
  });

  test("without any possible key asks nobody", async () => {
    const cluster = new FakeCluster();
    const bucket = cluster.client.bucket();
    expect(await cluster.outcome(bucket.range({ start: "b", end: "a" }).toArray())).toEqual([]);
    expect(await cluster.outcome(bucket.deleteRange({ prefix: "a", start: "b" }))).toEqual({
      deleted: 0,
    });
    expect(cluster.attempts).toEqual([]);
  });

  test("that failed can be read again: nothing of it is remembered", async () => {
    const cluster = new FakeCluster();
    const range = cluster.client.bucket().range({ end: "b", timeoutMs: 100 });
    expect(await cluster.failure(range.toArray())).toMatchObject({ outcome: "not executed" });
    cluster.react = (attempt) => attempt.execute([page(["a"])]);
    expect(keysOf(await cluster.outcome(range.toArray()))).toEqual(["a"]);
  });
});

const wholeRegion = [{ id: 1, version: 1, start: "", end: undefined, group: "g1" }];

describe("getMany", () => {
  test("answers in the order of the keys", async () => {
    const cluster = new FakeCluster();
    cluster.react = (attempt) =>
      attempt.execute(
        attempt.keys.map((key) =>
          key === "b"
            ? undefined
            : { kind: operationKind.get, version: { ...cell(key).version, revision: 9 } },
        ),
      );
    const keys = ["z", "a", "b", "y", "a"];
    const entries = await cluster.outcome(cluster.client.bucket().getMany(keys));
    expect(entries.map((entry) => entry?.key ?? null)).toEqual(["z", "a", null, "y", "a"]);
    expect(cluster.attempts).toHaveLength(2);
  });

  test("tells what each group came to when one of them fails", async () => {
    const cluster = new FakeCluster({ timeoutMs: 300 });
    cluster.react = (attempt) => {
      if (attempt.envelope.group === "g1") attempt.execute();
    };
    await cluster.runFor(10);
    const reading = cluster.client.bucket().getMany(["a", "z", "b"]);
    expect(await cluster.failure(reading)).toMatchObject({
      code: "PARTIAL_FAILURE",
      outcome: "not executed",
      parts: [
        { group: "g1", keys: ["a", "b"], done: [null, null], failure: undefined },
        { group: "g2", keys: ["z"], done: undefined, failure: { code: "TIMEOUT" } },
      ],
    });
  });

  test("of one group fails as a single get does", async () => {
    const cluster = new FakeCluster({ timeoutMs: 300 });
    const reading = cluster.client.bucket().getMany(["a", "b"]);
    expect(await cluster.failure(reading)).toMatchObject({ code: "TIMEOUT" });
  });

  test("of nothing asks nobody", async () => {
    const cluster = new FakeCluster();
    expect(await cluster.outcome(cluster.client.bucket().getMany([]))).toEqual([]);
  });
});

describe("putMany", () => {
  test("writes the keys of each group as one transaction", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    cluster.react = (attempt) => attempt.execute();
    const bucket = cluster.client.bucket();
    const pairs = new Map([
      ["a", "1"],
      ["z", "2"],
      ["b", "3"],
    ]);
    const [a, z, b] = await cluster.outcome(bucket.putMany(pairs));
    expect(a).toBe(b);
    expect(z).not.toBe(a);
    const kinds = cluster.attempts.flatMap(({ operations }) => operations.map(({ kind }) => kind));
    expect(new Set(kinds)).toEqual(new Set([operationKind.put, operationKind.transaction]));
    expect(kinds).toHaveLength(2);
  });

  test("makes several of what is too much for one", async () => {
    const cluster = new FakeCluster({ route: { regions: wholeRegion } });
    await cluster.runFor(10);
    const sizes: number[] = [];
    cluster.react = (attempt) => {
      for (const operation of attempt.operations) {
        if (operation.kind === operationKind.transaction) sizes.push(operation.operations.length);
        else sizes.push(1);
      }
      attempt.execute();
    };
    const bucket = cluster.client.bucket();
    const many = Array.from({ length: 300 }, (_, at) => [`a${at}`, "v"] as const);
    await cluster.outcome(bucket.putMany(many));
    expect(sizes).toEqual([128, 128, 44]);
    sizes.length = 0;
    const large = Array.from(
      { length: 5 },
      (_, at) => [`b${at}`, new Uint8Array(400_000)] as const,
    );
    await cluster.outcome(bucket.putMany(large));
    expect(sizes).toEqual([2, 2, 1]);
  });

  test("tells what became of each part when one fails", async () => {
    const cluster = new FakeCluster({ timeoutMs: 300 });
    cluster.react = (attempt) => {
      if (attempt.envelope.group === "g1") attempt.execute();
    };
    const writing = cluster.client.bucket().putMany([
      ["a", "1"],
      ["z", "2"],
    ]);
    const failed = await cluster.failure(writing);
    expect(failed).toMatchObject({
      name: "PartialFailureError",
      outcome: "unknown",
      parts: [
        { group: "g1", keys: ["a"], failure: undefined },
        {
          group: "g2",
          keys: ["z"],
          done: undefined,
          failure: { code: "TIMEOUT", outcome: "unknown" },
        },
      ],
    });
  });

  test("fails as a single put does when every part fails for the same reason", async () => {
    const cluster = new FakeCluster({ timeoutMs: 300 });
    await cluster.runFor(10);
    const bucket = cluster.client.bucket();
    const both = [
      ["a", "1"],
      ["z", "2"],
    ] as const;
    const signal = AbortSignal.abort();
    expect(await cluster.failure(bucket.putMany(both, { signal }))).toMatchObject({
      code: "ABORTED",
      outcome: "not executed",
    });
    expect(await cluster.failure(bucket.putMany(both))).toMatchObject({
      code: "TIMEOUT",
      outcome: "unknown",
    });
  });

  test("is put together anew when keys moved apart meanwhile", async () => {
    const cluster = new FakeCluster({ route: { regions: wholeRegion } });
    await cluster.runFor(10);
    const writing = cluster.client.bucket().putMany([
      ["a", "1"],
      ["z", "2"],
    ]);
    const first = await cluster.attempt();
    cluster.reroute({
      version: 2,
      regions: [
        { id: 1, version: 2, start: "", end: "default\0m", group: "g1" },
        { id: 2, version: 2, start: "default\0m", end: undefined, group: "g2" },
      ],
    });
    first.execute([failure("WRONG_REGION", 1)]);
    cluster.react = (attempt) => attempt.execute();
    expect(await cluster.outcome(writing)).toHaveLength(2);
    const later = cluster.attempts
      .slice(1)
      .map(({ envelope, keys }) => `${envelope.group} ${keys.join()}`);
    expect(new Set(later)).toEqual(new Set(["g1 a", "g2 z"]));
  });
});

describe("deleteRange", () => {
  test("works on all groups at once, page by page", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    const removing = cluster.client.bucket().deleteRange({});
    const attempts = [await cluster.attempt(), await cluster.attempt()];
    const first = attempts.find(({ envelope }) => envelope.group === "g1");
    const other = attempts.find(({ envelope }) => envelope.group === "g2");
    first?.execute([deleted(1_000, "default\0k")]);
    other?.execute([deleted(7)]);
    const second = await cluster.attempt();
    expect(second.operations[0]).toMatchObject({ start: "default\0k\0", end: "default\0m" });
    second.execute([deleted(5)]);
    expect(await cluster.outcome(removing)).toEqual({ deleted: 1_012 });
  });

  test("tells what was removed before it failed", async () => {
    const cluster = new FakeCluster({ timeoutMs: 300 });
    await cluster.runFor(10);
    const removing = cluster.client.bucket().deleteRange({ end: "m" });
    (await cluster.attempt()).execute([deleted(1_000, "default\0k")]);
    expect(await cluster.failure(removing)).toMatchObject({
      code: "PARTIAL_FAILURE",
      outcome: "unknown",
      parts: [{ group: "g1", done: { deleted: 1_000 }, failure: { code: "TIMEOUT" } }],
    });
  });

  test("fails as it is when nothing was removed", async () => {
    const cluster = new FakeCluster({ timeoutMs: 300 });
    const removing = cluster.client.bucket().deleteRange({ end: "m" });
    expect(await cluster.failure(removing)).toMatchObject({ code: "TIMEOUT", outcome: "unknown" });
  });
});

function deleted(count: number, cursor?: string): OperationResult {
  return { kind: operationKind.deleteRange, revision: 5, deleted: count, cursor };
}
