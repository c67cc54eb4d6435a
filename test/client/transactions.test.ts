/** Transactions: what is read is checked, what is written is kept back, and an overtaken attempt is run again. */
import { describe, expect, test } from "vitest";
import {
  checkKind,
  operationKind,
  type Transaction as StoredTransaction,
} from "../../kv/commands/operation.ts";
import { failure, type OperationResult } from "../../kv/commands/result.ts";
import { FakeCluster, type Attempt } from "./support/fake-cluster.ts";

/** Answers reads with what is stored, and notes the transactions that are to be carried out. */
class Store {
  readonly cluster: FakeCluster;
  readonly values = new Map<string, { readonly revision: number; readonly text: string }>();
  readonly transactions: StoredTransaction[] = [];
  /** What becomes of the next transactions; those behind them succeed. */
  readonly verdicts: OperationResult[] = [];
  reads = 0;

  constructor(stored: Record<string, string>) {
    this.cluster = new FakeCluster();
    let revision = 100;
    for (const [key, text] of Object.entries(stored))
      this.values.set(key, { revision: revision++, text });
    this.cluster.react = (attempt) => this.#answer(attempt);
  }

  get client() {
    return this.cluster.client;
  }

  #answer(attempt: Attempt): void {
    attempt.execute(
      attempt.operations.map((operation): OperationResult | undefined => {
        if (operation.kind === operationKind.get) {
          this.reads += 1;
          return { kind: operation.kind, version: this.#version(operation.key.slice(8)) };
        }
        if (operation.kind === operationKind.range) {
          this.reads += 1;
          const { start, end = "\xff", reverse, limit } = operation;
          const keys = [...this.values.keys()].map((key) => `default\0${key}`);
          const found = keys.filter((key) => key >= start && key < end).toSorted();
          if (reverse) found.reverse();
          const page = limit === 0 ? found : found.slice(0, limit);
          const rows = page.map((key) => ({ key, version: this.#version(key.slice(8)) }));
          const cursor = page.length < found.length ? page.at(-1) : undefined;
          return { kind: operation.kind, rows, cursor } as OperationResult;
        }
        if (operation.kind !== operationKind.transaction) return undefined;
        this.transactions.push(operation);
        return this.verdicts.shift();
      }),
    );
  }

  #version(key: string) {
    const value = this.values.get(key);
    if (value === undefined) return undefined;
    const source = Buffer.from(value.text);
    return {
      revision: value.revision,
      kind: 0,
      expiresAt: 0,
      source,
      start: 0,
      end: source.length,
    } as const;
  }
}

const conflict = failure("CONFLICT", 0, 77);

describe("a transaction", () => {
  test("commits its writes with a check for everything it read", async () => {
    const store = new Store({ a: "1" });
    const done = await store.cluster.outcome(
      store.client.transaction(async (transaction) => {
        const bucket = transaction.bucket();
        const a = await bucket.get("a");
        const b = await bucket.get("b");
        bucket.put("c", `${a?.string()}${b === null}`);
        bucket.delete("a");
        bucket.increment("d", 5);
        return "result";
      }),
    );
    expect(done).toEqual({ result: "result", revision: store.cluster.newestRevision - 3 });
    const [{ checks, operations } = { checks: [], operations: [] }] = store.transactions;
    expect(checks).toEqual([
      { kind: checkKind.revision, key: "default\0a", revision: 100 },
      { kind: checkKind.revision, key: "default\0b", revision: 0 },
    ]);
    expect(operations.map(({ kind, key }) => [kind, key])).toEqual([
      [operationKind.put, "default\0c"],
      [operationKind.delete, "default\0a"],
      [operationKind.increment, "default\0d"],
    ]);
  });

  test("reads its own writes, and the same key once", async () => {
    const store = new Store({ a: "1", k: "40" });
    const { result } = await store.cluster.outcome(
      store.client.transaction(async (transaction) => {
        const bucket = transaction.bucket();
        const seen: (string | undefined)[] = [];
        const look = async (key: string) => void seen.push((await bucket.get(key))?.string());
        await look("a");
        await look("a");
        bucket.put("a", "2");
        await look("a");
        (await bucket.get("a"))?.value.fill(0);
        await look("a");
        bucket.delete("a");
        await look("a");
        bucket.increment("a", 3);
        await look("a");
        bucket.increment("k");
        bucket.increment("k");
        await look("k");
        return seen;
      }),
    );
    expect(result).toEqual(["1", "1", "2", "2", undefined, "3", "42"]);
    expect(store.reads).toBe(2);
    expect(store.transactions[0]?.operations).toMatchObject([
      { kind: operationKind.put, key: "default\0a" },
      { kind: operationKind.increment, key: "default\0k", delta: 2 },
    ]);
  });

  test.each([false, true])("sees its own writes in ranges (reversed: %s)", async (reverse) => {
    const store = new Store({ a: "1", b: "2", c: "3", e: "5" });
    const { result } = await store.cluster.outcome(
      store.client.transaction(async (transaction) => {
        const bucket = transaction.bucket();
        bucket.delete("b");
        bucket.put("d", "4");
        bucket.put("l", "outside");
        const seen: string[] = [];
        const range = bucket.range({ end: "l", limit: 3, reverse });
        for await (const entry of range) seen.push(`${entry.key}${entry.string()}`);
        return seen;
      }),
    );
    expect(result).toEqual(reverse ? ["e5", "d4", "c3"] : ["a1", "c3", "d4"]);
    expect(store.transactions[0]?.checks).toMatchObject([{ kind: checkKind.unchanged }]);
  });

  test("checks a range as far as it was read", async () => {
    const store = new Store({ a: "1", b: "2", c: "3" });
    await store.cluster.outcome(
      store.client.transaction(async (transaction) => {
        const bucket = transaction.bucket();
        for await (const entry of bucket.range({ limit: 2 })) bucket.put("k", entry.value);
      }),
    );
    const [transaction] = store.transactions;
    expect(transaction?.checks).toMatchObject([{ start: "default\0", end: "default\0b\0" }]);
  });

  test("is run again when it was overtaken, from the beginning", async () => {
    const store = new Store({ a: "1" });
    store.verdicts.push(conflict, conflict);
    let runs = 0;
    const { result } = await store.cluster.outcome(
      store.client.transaction(async (transaction) => {
        const bucket = transaction.bucket();
        bucket.put("b", (await bucket.get("a"))?.value ?? "");
        return (runs += 1);
      }),
    );
    expect(result).toBe(3);
    expect(store.reads).toBe(3);
    for (const { operations } of store.transactions) expect(operations).toHaveLength(1);
  });

  test("gives up after so many attempts", async () => {
    const store = new Store({ a: "1" });
    store.verdicts.push(conflict, conflict, conflict, conflict);
    const failed = await store.cluster.failure(
      store.client.transaction(
        async (transaction) => {
          const bucket = transaction.bucket();
          bucket.put("b", (await bucket.get("a"))?.value ?? "");
        },
        { attemptsMax: 3 },
      ),
    );
    expect(failed).toMatchObject({
      name: "ConflictError",
      key: "a",
      actualRevision: 77,
      outcome: "not executed",
    });
    expect(failed.message).toContain("3 attempts");
    expect(store.transactions).toHaveLength(3);
  });

  test("gives up when its time is over", async () => {
    const store = new Store({ a: "1" });
    store.verdicts.push(...Array.from({ length: 100 }, () => conflict));
    const failed = await store.cluster.failure(
      store.client.transaction(
        async (transaction) => {
          const bucket = transaction.bucket();
          bucket.put("b", (await bucket.get("a"))?.value ?? "");
        },
        { attemptsMax: 100, timeoutMs: 100 },
      ),
    );
    expect(failed).toMatchObject({ name: "ConflictError" });
    expect(store.transactions.length).toBeLessThan(60);
  });

  test("is not committed when its function took all the time there was", async () => {
    const store = new Store({});
    const { client, cluster } = store;
    const failed = await cluster.failure(
      client.transaction(
        async (transaction) => {
          transaction.bucket().put("a", "1");
          await new Promise<void>((resolve) => void cluster.process.clock.after(200, resolve));
        },
        { timeoutMs: 100 },
      ),
    );
    expect(failed).toMatchObject({ name: "TimeoutError", timeoutMs: 100, outcome: "not executed" });
    await cluster.runFor(1_000);
    expect(store.transactions).toEqual([]);
  });

  test("is not run again when its outcome is unknown", async () => {
    const store = new Store({});
    let runs = 0;
    const { cluster } = store;
    cluster.react = () => {};
    const failed = await cluster.failure(
      cluster.client.transaction(
        (transaction) => {
          runs += 1;
          transaction.bucket().increment("a");
        },
        { timeoutMs: 300 },
      ),
    );
    expect(failed).toMatchObject({ name: "TimeoutError", outcome: "unknown" });
    expect(runs).toBe(1);
  });

  test("that only read one moment asks for no more", async () => {
    const store = new Store({ a: "1" });
    const { revision } = await store.cluster.outcome(
      store.client.transaction((transaction) => transaction.bucket().get("a")),
    );
    expect(revision).toBe(store.cluster.newestRevision);
    expect(store.transactions).toEqual([]);
  });

  test("that read twice has both reads validated together", async () => {
    const store = new Store({ a: "1" });
    store.verdicts.push(conflict);
    await store.cluster.outcome(
      store.client.transaction((transaction) => transaction.bucket().getMany(["a", "b"])),
    );
    expect(store.transactions).toHaveLength(2);
    expect(store.transactions[1]).toMatchObject({ operations: [] });
  });

  test("refuses keys of several groups", async () => {
    const store = new Store({});
    const failed = await store.cluster.failure(
      store.client.transaction((transaction) => {
        transaction.bucket().put("a", "1");
        transaction.bucket().put("z", "1");
      }),
    );
    expect(failed).toMatchObject({
      code: "CROSS_GROUP_TRANSACTION",
      outcome: "not executed",
      keys: [
        { bucket: "default", key: "a", group: "g1" },
        { bucket: "default", key: "z", group: "g2" },
      ],
    });
    expect(store.transactions).toEqual([]);
  });

  test("refuses an increment of what is no number at once", async () => {
    const store = new Store({ a: "text" });
    const failed = await store.cluster.failure(
      store.client.transaction(async (transaction) => {
        const bucket = transaction.bucket();
        bucket.increment("a");
        await bucket.get("a");
      }),
    );
    expect(failed).toMatchObject({ code: "NOT_A_NUMBER" });
  });

  test("cannot be used when it is over", async () => {
    const store = new Store({});
    const { result } = await store.cluster.outcome(
      store.client.transaction((transaction) => transaction.bucket()),
    );
    expect(() => result.put("a", "1")).toThrow(/is over/);
    expect(await store.cluster.failure(result.get("a"))).toMatchObject({ code: "BAD_REQUEST" });
  });
});

describe("an exception of the function", () => {
  const mine = new Error("mine");

  async function readTwiceAndThrow(store: Store): Promise<Error> {
    return store.cluster.failure(
      store.client.transaction(async (transaction) => {
        await transaction.bucket().get("a");
        await transaction.bucket().get("b");
        transaction.bucket().put("c", "1");
        throw mine;
      }),
    );
  }

  test("is thrown on after its reads were validated, and nothing is written", async () => {
    const store = new Store({ a: "1" });
    expect(await readTwiceAndThrow(store)).toBe(mine);
    expect(store.transactions).toMatchObject([{ operations: [], checks: [{}, {}] }]);
  });

  test("does not count when what it had read never was together", async () => {
    const store = new Store({ a: "1" });
    store.verdicts.push(conflict);
    expect(await readTwiceAndThrow(store)).toBe(mine);
    expect(store.transactions).toHaveLength(2);
  });

  test("is the cause of the failure when its reads cannot be validated", async () => {
    const store = new Store({ a: "1" });
    store.verdicts.push(failure("TRANSACTION_TOO_LARGE", 0));
    expect(await readTwiceAndThrow(store)).toMatchObject({
      code: "TRANSACTION_TOO_LARGE",
      cause: mine,
      outcome: "not executed",
    });
  });

  test("that is a conflict of its own is not taken for the transaction's", async () => {
    const store = new Store({});
    const { client, cluster } = store;
    let runs = 0;
    cluster.react = (attempt) => attempt.execute([failure("CONFLICT", -1, 5)]);
    const failed = await cluster.failure(
      client.transaction(async () => {
        runs += 1;
        await client.bucket().create("a", "1");
      }),
    );
    expect(failed).toMatchObject({ name: "ConflictError", actualRevision: 5 });
    expect(runs).toBe(1);
  });

  test("that is a failed read is thrown on at once", async () => {
    const store = new Store({});
    const { client, cluster } = store;
    await cluster.runFor(10);
    cluster.react = () => {};
    const failed = await cluster.failure(
      client.transaction((transaction) => transaction.bucket().getMany(["a", "b"]), {
        timeoutMs: 200,
      }),
    );
    expect(failed).toMatchObject({ name: "TimeoutError", outcome: "not executed" });
  });
});

describe("a declared transaction", () => {
  test("tells what each operation came to", async () => {
    const store = new Store({});
    const done = await store.cluster.outcome(
      store.client.commit({
        checks: [
          { key: "a", exists: true },
          { key: "b", exists: false },
          { key: "c", revision: 7 },
          { prefix: "d", unchangedSince: 9 },
        ],
        operations: [
          { op: "put", key: "a", value: "1", ttlMs: 5, previousRevision: 3 },
          { op: "delete", key: "b" },
          { op: "increment", key: "c", delta: 4 },
          { op: "get", key: "d" },
        ],
      }),
    );
    expect(done.results).toEqual([
      { op: "put" },
      { op: "delete", existed: true },
      { op: "increment", value: 4 },
      { op: "get", entry: null },
    ]);
    expect(store.transactions[0]?.checks).toEqual([
      { kind: checkKind.exists, key: "default\0a" },
      { kind: checkKind.revision, key: "default\0b", revision: 0 },
      { kind: checkKind.revision, key: "default\0c", revision: 7 },
      { kind: checkKind.unchanged, start: "default\0d", end: "default\0e", since: 9 },
    ]);
    expect(store.transactions[0]?.operations[0]).toMatchObject({ ttlMs: 5, expectation: 3 });
  });

  test("is not repeated on a conflict, and says which check failed", async () => {
    const store = new Store({});
    store.verdicts.push(failure("CONFLICT", 1, 12));
    const failed = await store.cluster.failure(
      store.client.commit({
        checks: [
          { key: "a", revision: 1 },
          { key: "b", exists: false },
        ],
        operations: [{ op: "put", key: "c", value: "1" }],
      }),
    );
    expect(failed).toMatchObject({
      name: "ConflictError",
      key: "b",
      expectedRevision: 0,
      actualRevision: 12,
    });
    expect(store.transactions).toHaveLength(1);
  });
});
