// Tests it against a cluster that is simulated in this process, while that cluster's nodes and network fail:
//
//   node --test examples/testing/seats.test.mjs
//
// What fails names its seed, and SYNOD_SEED=7 runs that one again, alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { forEachSeed, simulatedCluster } from "synod/testing";
import { buy } from "./seats.mjs";

test("no seat is sold twice, whatever breaks", () =>
  forEachSeed({ seeds: 3 }, async (cluster) => {
    const buyers = ["ann", "ben", "cem"].map((name) => ({ name, synod: cluster.connect(name) }));
    cluster.startFaults();
    const sold = await cluster.run(() =>
      Promise.all(buyers.map((buyer) => buyAll(cluster, buyer))),
    );
    const faults = cluster.stopFaults();
    assert.ok(Object.keys(faults).length > 0);

    const seats = buyers[0].synod.bucket("seats");
    const entries = await cluster.run(() => seats.range().toArray());
    assert.equal(entries.length, 10);
    for (const entry of entries) {
      const owners = sold.flat().filter(({ seat }) => seat === entry.key);
      assert.deepEqual(
        owners.map(({ name }) => name),
        [entry.string()],
      );
    }
    // And all that the program was told along the way is the truth.
    await cluster.check();
  }));

test("a seat whose sale nobody heard of is the buyer's all the same", async () => {
  const cluster = await simulatedCluster();
  const synod = cluster.connect("ann", { timeoutMs: 20_000 });
  // The first answer is to the read. The leader carries the sale out, and dies before it says so; the next one knows.
  const placed = cluster.before("answer", { skip: 1 }, ({ node }) => cluster.kill(node));
  assert.equal(await cluster.run(() => buy(synod, "row-1", "ann")), true);
  assert.equal(placed.happened, true);
  assert.equal(await cluster.run(() => buy(synod, "row-1", "ben")), false);
  cluster.stopFaults();
  await cluster.check();
});

/** Asks again when it fails: buying what one has bought already does no harm. */
async function buyAll(cluster, { name, synod }) {
  const bought = [];
  for (const seat of Array.from({ length: 10 }, (_, row) => `row-${row}`)) {
    for (let answer; answer === undefined;) {
      answer = await buy(synod, seat, name).catch(() => undefined);
      await cluster.sleep(500);
      if (answer === true) bought.push({ seat, name });
    }
  }
  return bought;
}
