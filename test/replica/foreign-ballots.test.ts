/** What a peer that is broken in this way says changes nothing: a promise of such a ballot would bar every other. */
import { expect, test } from "vitest";
import { SimulatedCluster } from "../../sim/simulated-cluster.ts";

test("ballots of another epoch, or of another member than their sender, are not heeded", () => {
  const cluster = new SimulatedCluster({ seed: 3, nodes: 3 });
  const { world } = cluster;
  cluster.startAll();
  expect(world.runUntil(() => cluster.everyGroupLed, 30_000)).toBe(true);
  const follower = [...cluster.nodes.values()].find(
    ({ host }) => host?.replica("meta")?.leads === false,
  );
  const replica = follower?.host?.replica("meta");
  const ballot = replica?.status().ballot;
  if (replica === undefined || ballot === undefined) throw new Error("no follower knows a leader");
  const from = { node: "n9", member: ballot.member + 1 };
  const times = { nowMs: world.nowMs, wallMs: world.nowMs };
  const entry = new Uint8Array(3);
  const slot = 1_000;
  for (const foreign of [
    { ...ballot, epoch: 2 ** 40, member: from.member },
    { ...ballot, round: ballot.round + 1 },
  ]) {
    replica.receive({ type: "accept", ballot: foreign, slot, commitIndex: 0, entry }, from, times);
    replica.receive({ type: "prepare", ballot: foreign, fromSlot: 1, ended: foreign }, from, times);
  }
  world.runFor(2_000);
  expect(replica.status().stopped).toBe(undefined);
  expect(replica.status().ballot).toEqual(ballot);
});
