/** What `keys`, `history` and `watch` hand out: it counts what passes, can be stopped, and tells how it ended. */
import { expect, test } from "vitest";
import { QueuedIterator, type BatchSource } from "../../client/queued-iterator.ts";

/** Gives the batches in turn, and then waits for ever, or ends. */
class Batches implements BatchSource<number> {
  closed = 0;
  readonly #batches: (readonly number[] | Error)[];
  readonly #ends: boolean;

  constructor(batches: readonly (readonly number[] | Error)[], ends = true) {
    this.#batches = [...batches];
    this.#ends = ends;
  }

  async next(): Promise<readonly number[] | undefined> {
    const batch = this.#batches.shift();
    if (batch instanceof Error) throw batch;
    if (batch === undefined && !this.#ends) return new Promise(() => {});
    return batch;
  }

  close(): void {
    this.closed += 1;
  }
}

async function all(iterator: QueuedIterator<number>): Promise<number[]> {
  const seen: number[] = [];
  for await (const item of iterator) seen.push(item);
  return seen;
}

test("hands out everything, counts it, and closes its source once", async () => {
  const source = new Batches([[1, 2], [], [3]]);
  const iterator = await QueuedIterator.begun(source);
  expect([iterator.getReceived(), iterator.getPending(), iterator.getProcessed()]).toEqual([
    2, 2, 0,
  ]);
  expect(await all(iterator)).toEqual([1, 2, 3]);
  expect([iterator.getReceived(), iterator.getPending(), iterator.getProcessed()]).toEqual([
    3, 0, 3,
  ]);
  expect(await iterator.closed()).toBeUndefined();
  expect(source.closed).toBe(1);
});

test("leaving the loop closes it", async () => {
  const source = new Batches([[1, 2]], false);
  const iterator = await QueuedIterator.begun(source);
  for await (const item of iterator) if (item === 1) break;
  expect([source.closed, iterator.getProcessed()]).toEqual([1, 1]);
});

test("stop wakes a loop that waits", async () => {
  const source = new Batches([[1]], false);
  const iterator = await QueuedIterator.begun(source);
  const loop = all(iterator);
  await new Promise((resolve) => setImmediate(resolve));
  iterator.stop();
  expect(await loop).toEqual([1]);
  expect(source.closed).toBe(1);
});

test("stop with an error has the loop throw it", async () => {
  const iterator = await QueuedIterator.begun(new Batches([[1]], false));
  const loop = all(iterator);
  const reason = new Error("enough");
  iterator.stop(reason);
  await expect(loop).rejects.toBe(reason);
  expect(await iterator.closed()).toBe(reason);
});

test("a source that fails at once rejects, one that fails later throws in the loop", async () => {
  const reason = new Error("gone");
  const first = new Batches([reason]);
  await expect(QueuedIterator.begun(first)).rejects.toBe(reason);
  expect(first.closed).toBe(1);
  const second = new Batches([[1], reason]);
  const iterator = await QueuedIterator.begun(second);
  await expect(all(iterator)).rejects.toBe(reason);
  expect([second.closed, await iterator.closed()]).toEqual([1, reason]);
});

test("is iterated once", async () => {
  const iterator = await QueuedIterator.begun(new Batches([[1]]));
  await all(iterator);
  expect(() => iterator[Symbol.asyncIterator]()).toThrow(
    expect.objectContaining({ code: "BAD_REQUEST" }),
  );
});

test("the end of an await using stops it", async () => {
  const source = new Batches([[1]], false);
  {
    await using iterator = await QueuedIterator.begun(source);
    expect(iterator.getPending()).toBe(1);
  }
  expect(source.closed).toBe(1);
});
