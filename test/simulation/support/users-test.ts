/** What somebody's test of their own program could be: a counter whose leaders die before they answer. */
import { forEachSeed } from "../../../sim/testing/index.ts";

try {
  await forEachSeed({ seeds: 3, seedStart: 4 }, async (cluster, seed) => {
    const bucket = cluster.connect().bucket();
    const leader = cluster.leaderOf("g1") ?? "";
    const placed = cluster.before("answer", { node: leader }, () => cluster.kill(leader));
    const sum = await cluster.run(() => bucket.increment("a", 1, { timeoutMs: 20_000 }));
    cluster.stopFaults();
    const { calls, keys } = await cluster.check();
    console.log(`seed ${seed}: ${sum}, ${placed.happened}, ${calls} calls, ${keys} keys`);
  });
} catch (failure) {
  console.log(failure instanceof Error ? `${failure.name}: ${failure.message}` : failure);
}
