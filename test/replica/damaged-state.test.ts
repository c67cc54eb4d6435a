/** A replica whose applied state turns out to be damaged stops, also when it is a client's read that finds out. */
import { expect, test } from "vitest";
import { consistency, requestKind } from "../../infra/codec/formats.ts";
import { peekRequest } from "../../infra/codec/request-envelope.ts";
import { seeded } from "../../infra/randomness/seeded-randomness.ts";
import { newest, revisionAt } from "../../kv/revision.ts";
import { SimulatedCluster } from "../../sim/simulated-cluster.ts";
import { frameBytes } from "../kv/support/test-group.ts";
import { get, put } from "../kv/support/operations.ts";

test("a read that meets a damaged block stops the replica", () => {
  const limits = { checkpointIntervalMs: 100 };
  const cluster = new SimulatedCluster({ seed: 1, nodes: 1, limits });
  const { world } = cluster;
  cluster.startAll();
  expect(world.runUntil(() => cluster.everyGroupLed, 30_000)).toBe(true);
  const [node] = [...cluster.nodes.values()];
  const { name } = cluster.topology.groups.find(({ name }) => name !== "meta") ?? { name: "" };
  const replica = node?.host?.replica(name);
  const clusterId = node?.host?.status().clusterId;
  if (node === undefined || replica === undefined || clusterId === undefined) throw new Error();

  const operations = Array.from({ length: 50 }, (_, at) => put(`k${at}`, "v".repeat(1_000)));
  const born = revisionAt(replica.physicalMs() ?? 0);
  const frame = frameBytes({ number: 1, clusterId, group: name, born }, operations);
  const envelope = peekRequest(frame);
  if (envelope.kind !== requestKind.write) throw new Error("not a writing frame");
  replica.write(frame, envelope, "_INBOX.a");
  const written = (): boolean => {
    const { checkpointThrough, appliedThrough, lastRevision } = replica.status();
    return lastRevision > born && checkpointThrough === appliedThrough;
  };
  expect(world.runUntil(written, 10_000)).toBe(true);

  cluster.hurt.add(node.name);
  const randomness = seeded(7);
  for (let flips = 0; flips < 2_000; flips += 1) node.stateDisk.flipBit(randomness);
  const asked = { consistency: consistency.stale, minRevision: 0, maxAgeMs: 0, number: 1 };
  const read = { kind: requestKind.read, clusterId, group: name, ...asked };
  const gets = Array.from({ length: 50 }, (_, at) => get(`k${at}`, newest));
  replica.read({ envelope: read, operations: gets }, "_INBOX.a");
  expect(replica.status().stopped).toMatchObject({ code: "CORRUPT_STORE" });
});
