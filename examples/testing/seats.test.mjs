// Tests it against a cluster that is simulated in this process, while that cluster's nodes and network fail:
//
//   node --test examples/testing/seats.test.mjs
import assert from "node:assert/strict";
import { test } from "node:test";
import { simulatedCluster } from "synod/testing";
import { buy } from "./seats.mjs";

for (const seed of [1, 2, 3]) {
  test(`no seat is sold twice, whatever breaks (seed ${seed})`, async () => {
    const cluster = await simulatedCluster({ seed });
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
  });
}

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
