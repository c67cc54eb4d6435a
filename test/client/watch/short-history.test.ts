/** Watches of a whole cluster that keeps its history for seconds, and drops what is older from its runs. */
import { beforeAll, expect, test } from "vitest";
import { WatchGapError, type Bucket, type WatchEntry } from "../../../client/index.ts";
import type { Watch } from "../../../client/watch/watch.ts";
import { ClientOfCluster } from "../support/client-of-cluster.ts";

const historyMs = 5_000;
/** Until the watermark has passed what was written before, and runs were merged. */
const forgettingMs = historyMs + 25_000;

let world: ClientOfCluster;
let bucket: Bucket;

beforeAll(() => {
  world = new ClientOfCluster(5, {
    historyMs,
    checkpointBytes: 2_000,
    checkpointIntervalMs: 1_000,
  });
  bucket = world.client.bucket();
});

function done<Answer>(promise: Promise<Answer>): Promise<Answer> {
  return world.outcome(promise);
}

/** Writes other keys, so that time goes on in the group and checkpoints are cut. */
async function muchHappens(durationMs: number): Promise<void> {
  for (let spentMs = 0; spentMs < durationMs; spentMs += 500) {
    await done(bucket.put(`b.noise${spentMs % 4_000}`, "x".repeat(500)));
    await world.runFor(500);
  }
}

async function told(watch: Watch<WatchEntry>, count: number): Promise<string[]> {
  const texts: string[] = [];
  for (let at = 0; at < count; at++) {
    const { value } = await done(watch.next());
    texts.push(
      value === undefined ? "the end" : `${value.key} ${value.operation} ${value.string()}`,
    );
  }
  return texts;
}

test("a watch that was away for less than history is kept misses nothing, the delete of a key included", async () => {
  const key = "a.1.*";
  const watch = await done(bucket.watch({ key, include: "updates" }));
  await done(bucket.put("a.1.x", "1"));
  expect(await told(watch, 1)).toEqual(["a.1.x PUT 1"]);
  const { cursor = "" } = watch;
  watch.stop();
  await done(bucket.put("a.1.x", "2"));
  await done(bucket.put("a.1.y", "1"));
  await done(bucket.delete("a.1.x"));
  await muchHappens(historyMs / 2);
  const again = await done(bucket.watch({ key, cursor }));
  expect(await told(again, 3)).toEqual(["a.1.x PUT 2", "a.1.y PUT 1", "a.1.x DEL "]);
  again.stop();
});

test("one that was away for longer is told so, and goes on with what is there", async () => {
  const key = "a.2.*";
  const watch = await done(bucket.watch({ key, include: "updates" }));
  await done(bucket.put("a.2.x", "1"));
  await told(watch, 1);
  const { cursor = "" } = watch;
  watch.stop();
  await done(bucket.put("a.2.x", "2"));
  await done(bucket.put("a.2.x", "3"));
  await muchHappens(forgettingMs);
  const failure = await world.failure(bucket.watch({ key, cursor }));
  expect(failure).toBeInstanceOf(WatchGapError);
  expect(failure).toMatchObject({ code: "WATCH_GAP", group: "g1", retryable: false });
  const again = await done(bucket.watch({ key, cursor: (failure as WatchGapError).cursor }));
  expect(await told(again, 1)).toEqual(["a.2.x PUT 3"]);
  await done(bucket.put("a.2.x", "4"));
  expect(await told(again, 1)).toEqual(["a.2.x PUT 4"]);
  again.stop();
});

test("one that is open while nothing happens to its keys stays current, however little history is kept", async () => {
  const watch = await done(bucket.watch({ key: "a.3.*", include: "updates" }));
  await muchHappens(forgettingMs);
  world.cluster.network.restartBroker();
  await world.runFor(2_000);
  await done(bucket.put("a.3.x", "1"));
  expect(await told(watch, 1)).toEqual(["a.3.x PUT 1"]);
  const { cursor = "" } = watch;
  watch.stop();
  const again = await done(bucket.watch({ key: "a.3.*", cursor }));
  await done(bucket.put("a.3.x", "2"));
  expect(await told(again, 1)).toEqual(["a.3.x PUT 2"]);
  again.stop();
});

test("a change of leaders in between makes no difference", async () => {
  const watch = await done(bucket.watch({ key: "a.4.*", include: "updates" }));
  const expected: string[] = [];
  for (let round = 0; round < 3; round++) {
    await done(bucket.put("a.4.x", String(round)));
    expected.push(`a.4.x PUT ${round}`);
    const leader = world.cluster.node(world.leaderOf("g1"));
    leader.kill();
    await done(bucket.put("a.4.y", String(round)));
    expected.push(`a.4.y PUT ${round}`);
    leader.start();
    await world.runFor(3_000);
  }
  expect(await told(watch, expected.length)).toEqual(expected);
  expect(watch.status).toBe("live");
  watch.stop();
});
